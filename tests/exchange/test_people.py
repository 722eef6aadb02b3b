"""People who do by themselves what they are known to do."""

import pytest

from app.exchange import Exchange, Person, Press, mailbox
from tests.exchange.account import AGENT, Account
from tests.exchange.service import Form, Service, twiml
from tests.support.handset import Handset

ASK = '<Gather numDigits="{}" timeout="10" action="/key"><Say>press a key, any key at all</Say></Gather><Hangup/>'


@pytest.fixture(autouse=True)
def screening(service: Service) -> None:
    """A caller is dialled to somebody who has to press 1; an outbound call asks the same."""

    def key(form: Form) -> str:
        if form["Digits"] == "1":
            return twiml()
        return twiml("<Hangup/>") if form["Digits"] == "2" else twiml(ASK.format(1))

    service.pages = {
        "/twilio/voice": twiml(f'<Dial action="/after"><Number url="/whisper">{AGENT}</Number></Dial>'),
        "/whisper": twiml(ASK.format(1)),
        "/key": key,
        "/agent": twiml(ASK.format(3)),
        "/after": twiml('<Say>and now</Say><Gather timeout="60"/>'),
        "/leg": (204, {}, b""),
    }


@pytest.mark.parametrize(
    ("person", "status", "keys"),
    [
        (Person(keys=("1",), talks=30), "completed", ["1"]),
        (Person(keys=("2",)), "no-answer", ["2"]),
        (Person(keys=("3", "3", "1"), talks=30), "completed", ["3", "3", "1"]),
        (Person(keys=(Press("1", after=9.5),), talks=30), "completed", ["1"]),
        (Person(keys=(Press("1", after=30.0),)), "no-answer", []),  # too late
        (Person(), "no-answer", []),
        (Person(keys=("",)), "no-answer", []),
        (mailbox(after=2, stays=20), "no-answer", []),
        (mailbox(after=2, stays=3), "no-answer", []),
        (Person("declines", after=2), "busy", []),
    ],
)
async def test_a_screened_person(
    phone: Handset, exchange: Exchange, service: Service, person: Person, status: str, keys: list[str]
) -> None:
    exchange.people[AGENT] = person
    await phone.dial("+18888988733")
    await phone.waits(120)
    assert [form["Digits"] for form in service.forms("/key")] == keys
    assert [form["DialCallStatus"] for form in service.forms("/after")] == [status]


async def test_who_pressed_1_is_connected(phone: Handset, exchange: Exchange) -> None:
    exchange.people[AGENT] = Person(after=4, keys=(Press("1", after=3),))
    await phone.dial("+18888988733")
    await phone.waits(6.9)
    phone.is_connected_to("nobody")
    await phone.waits(0.1)
    phone.is_connected_to(AGENT)


async def test_several_keys_for_one_gather(account: Account, exchange: Exchange, service: Service) -> None:
    exchange.people[AGENT] = Person(keys=("471",))
    await account.places()
    await exchange.timeline.run_for(20)
    assert service.forms("/key")[0]["Digits"] == "471"


async def test_a_mailbox_answers_an_outbound_call(account: Account, exchange: Exchange, service: Service) -> None:
    exchange.people[AGENT] = mailbox(after=5, stays=8)
    call = await account.places()
    await exchange.timeline.run_for(60)
    assert service.forms("/key") == []
    assert (call.status, call.talked) == ("completed", 8)


async def test_a_line_that_breaks_while_they_talk(phone: Handset, exchange: Exchange, service: Service) -> None:
    exchange.people[AGENT] = Person(keys=("1",), fails=40)
    await phone.dial("+18888988733")
    await phone.waits(60)
    (leg,) = [call for call in exchange.calls if call.direction == "outbound-dial"]
    assert leg.status == "failed"
    # The person had answered and was connected: the Dial was completed.
    form = service.forms("/after")[0]
    assert (form["DialCallStatus"], form["DialCallDuration"]) == ("completed", "42")
    phone.hears("and now")


async def test_a_dialled_phone_is_played_by_hand(phone: Handset, exchange: Exchange, service: Service) -> None:
    agent = Handset(exchange, AGENT)
    await phone.dial("+18888988733")
    await agent.is_rung()
    await agent.answers()
    agent.hears("any key at all")
    await agent.presses("1")
    agent.is_connected_to("+12065550147")
    await agent.waits(30)
    await agent.hangs_up()
    assert service.forms("/after")[0]["DialCallStatus"] == "completed"
    phone.hears("and now")


async def test_a_hand_is_faster_than_a_habit(account: Account, exchange: Exchange) -> None:
    exchange.people[AGENT] = Person(after=20, keys=("1",))
    call = await account.places()
    await (await exchange.rings(AGENT)).answer()
    assert call.seconds < 10
    # Who picked up by hand is played by hand.
    await call.wait(5)
    assert call.waits_for == "keys"


async def test_only_a_phone_that_rings_can_be_answered(phone: Handset, account: Account, exchange: Exchange) -> None:
    with pytest.raises(LookupError, match="does not ring"):
        await exchange.rings(AGENT)
    await account.places()
    call = await exchange.rings(AGENT)
    await call.decline()
    with pytest.raises(LookupError, match="does not ring"):
        await call.answer()


async def test_the_caller_hangs_up_during_the_whisper(phone: Handset, exchange: Exchange, service: Service) -> None:
    agent = Handset(exchange, AGENT)
    await phone.dial("+18888988733")
    await agent.is_rung()
    await agent.answers()
    await phone.hangs_up()
    agent.is_cut_off()
    assert service.forms("/after")[0]["CallStatus"] == "completed"
