"""Talking in a conference."""

import pytest

from app.exchange import Exchange
from tests.exchange.account import AGENT, CALLER
from tests.exchange.service import Form, Service, twiml
from tests.support.handset import Handset

ROOM = '<Dial action="/after"><Conference {}>talk-1</Conference></Dial>'
TELLS = 'statusCallback="/conference" statusCallbackEvent="start end join leave"'


def offers(service: Service, caller: str = "", agent: str = "") -> None:
    """The caller and the agent come into the same conference, with these attributes."""

    def voice(form: Form) -> str:
        return twiml(ROOM.format(agent if form["From"] == AGENT else caller))

    service.pages = {
        "/twilio/voice": voice,
        "/after": twiml('<Say>and now</Say><Gather timeout="60"/>'),
        "/music": twiml("<Play>/own.mp3</Play>"),
        "/conference": (204, {}, b""),
    }


@pytest.fixture
def agent(exchange: Exchange) -> Handset:
    return Handset(exchange, AGENT)


async def test_two_people_talk(phone: Handset, agent: Handset, service: Service) -> None:
    offers(service)
    await phone.dial("+18888988733")
    phone.is_asked_for("conference")
    assert "hears: music" in phone.transcript()
    await phone.waits(30)
    await agent.dial("+18888988733")
    phone.is_connected_to(AGENT)
    agent.is_connected_to(CALLER)
    assert "music" not in agent.transcript()


async def test_who_is_left_hears_music_again(phone: Handset, agent: Handset, service: Service) -> None:
    offers(service)
    await phone.dial("+18888988733")
    await agent.dial("+18888988733")
    await agent.hangs_up()
    await phone.waits(1)
    phone.is_connected_to("nobody")
    assert phone.transcript().count("music") == 2
    assert not phone.call.over


async def test_the_others_may_hang_up(phone: Handset, agent: Handset, exchange: Exchange, service: Service) -> None:
    offers(service, caller='endConferenceOnExit="false"')
    await phone.dial("+18888988733")
    await agent.dial("+18888988733")
    await exchange.release(phone.call)
    agent.is_cut_off()
    phone.is_connected_to("nobody")


async def test_who_ends_it_for_all(phone: Handset, agent: Handset, service: Service) -> None:
    # "when that participant leaves, the conference ended and all other participants drop out"
    offers(service, agent='endConferenceOnExit="true"')
    await phone.dial("+18888988733")
    await agent.dial("+18888988733")
    await agent.waits(60)
    await agent.hangs_up()
    phone.hears("and now")
    phone.is_connected_to("nobody")


@pytest.mark.parametrize("status", ["answered", "completed"])
async def test_what_the_action_is_told(
    phone: Handset, agent: Handset, exchange: Exchange, service: Service, status: str
) -> None:
    # "DialCallStatus … answered(conference …)"; leg and duration are "not sent after dialing a conference"
    if status == "completed":
        exchange.conference_dial_status = "completed"
    offers(service, agent='endConferenceOnExit="true"')
    await phone.dial("+18888988733")
    await agent.dial("+18888988733")
    await agent.hangs_up()
    by_call = {form["CallSid"]: form for form in service.forms("/after")}
    assert {form["DialCallStatus"] for form in by_call.values()} == {status}
    assert by_call[agent.call.sid]["CallStatus"] == "completed"
    assert by_call[phone.call.sid]["CallStatus"] == "in-progress"
    assert not {"DialCallSid", "DialCallDuration"} & set(by_call[phone.call.sid])


async def test_it_begins_with_somebody_who_starts_it(
    phone: Handset, agent: Handset, exchange: Exchange, service: Service
) -> None:
    # "they are muted and hear background music until a participant joins where startConferenceOnEnter is true"
    offers(service, caller='startConferenceOnEnter="false"')
    second = Handset(exchange, "+12065550148")
    await phone.dial("+18888988733")
    await second.dial("+18888988733")
    phone.is_connected_to("nobody")
    await agent.dial("+18888988733")
    phone.is_connected_to("+12065550148")
    second.is_connected_to(CALLER)
    assert f"connected, {AGENT}" in phone.transcript()


@pytest.mark.parametrize(
    ("wait", "heard"),
    [('waitUrl=""', "silence"), ('waitUrl="/music"', "sound /own.mp3"), ("", "music")],
)
async def test_what_is_heard_alone(phone: Handset, agent: Handset, service: Service, wait: str, heard: str) -> None:
    # "waitUrl | TwiML URL, empty string | default Twilio hold music"
    offers(service, caller=wait)
    await phone.dial("+18888988733")
    await phone.waits(60)
    assert f"caller hears: {heard}" in phone.transcript()
    await agent.dial("+18888988733")
    phone.is_connected_to(AGENT)


async def test_a_bad_wait_document_is_silence(exchange: Exchange, agent: Handset, service: Service) -> None:
    offers(service, caller='waitUrl="/music"')
    service.pages["/music"] = twiml("<Dial>+12065550100</Dial>")
    phone = Handset(exchange, strict=False)
    await phone.dial("+18888988733")
    assert [failure.code for failure in phone.call.errors] == [12200]
    await agent.dial("+18888988733")
    phone.is_connected_to(AGENT)


@pytest.mark.parametrize(("beep", "beeps"), [("true", 2), ("false", 0), ("onEnter", 1), ("onExit", 1)])
async def test_beeps(phone: Handset, agent: Handset, service: Service, beep: str, beeps: int) -> None:
    # "The **default value** … Plays a beep when a caller leaves or enters"
    offers(service, caller='beep="false"', agent=f'beep="{beep}"')
    await phone.dial("+18888988733")
    await agent.dial("+18888988733")
    await agent.hangs_up()
    await phone.waits(1)
    assert phone.transcript().count("beep") == beeps


async def test_what_is_told_about_a_conference(phone: Handset, agent: Handset, service: Service) -> None:
    offers(service, caller=TELLS + ' participantLabel="caller"', agent='endConferenceOnExit="true"')
    await phone.dial("+18888988733")
    await agent.dial("+18888988733")
    await agent.hangs_up()
    forms = sorted(service.forms("/conference"), key=lambda form: int(form["SequenceNumber"]))
    assert [
        (form["StatusCallbackEvent"], form.get("CallSid"), form.get("ReasonParticipantLeft")) for form in forms
    ] == [
        ("participant-join", phone.call.sid, None),
        ("participant-join", agent.call.sid, None),
        ("conference-start", None, None),
        ("participant-leave", agent.call.sid, "participant_hung_up"),
        ("participant-leave", phone.call.sid, "moderator_ended_conference"),
        ("conference-end", None, None),
    ]
    assert {form["FriendlyName"] for form in forms} == {"talk-1"}
    assert len({form["ConferenceSid"] for form in forms}) == 1
    assert forms[0]["ParticipantLabel"] == "caller"
    assert forms[-1]["CallSidEndingConference"] == agent.call.sid
    assert forms[-1]["ReasonConferenceEnded"] == "participant_with_end_conference_on_exit_left"


async def test_only_the_events_asked_for_are_told(phone: Handset, service: Service) -> None:
    offers(service, caller='statusCallback="/conference" statusCallbackEvent="leave"')
    await phone.dial("+18888988733")
    await phone.hangs_up()
    assert [form["StatusCallbackEvent"] for form in service.forms("/conference")] == ["participant-leave"]


async def test_the_same_name_later_is_another_conference(phone: Handset, exchange: Exchange, service: Service) -> None:
    offers(service, caller=TELLS)
    for _ in range(2):
        await phone.dial("+18888988733")
        await phone.hangs_up()
    assert len({form["ConferenceSid"] for form in service.forms("/conference")}) == 2
    assert exchange.conferences == {}


async def test_the_time_limit(phone: Handset, agent: Handset, service: Service) -> None:
    offers(service)
    service.pages["/twilio/voice"] = twiml('<Dial timeLimit="60" action="/after"><Conference>a</Conference></Dial>')
    await phone.dial("+18888988733")
    await agent.dial("+18888988733")
    await phone.waits(60)
    phone.hears("and now")


async def test_a_leg_whose_line_breaks(phone: Handset, agent: Handset, service: Service) -> None:
    offers(service, caller=TELLS, agent='endConferenceOnExit="true"')
    await phone.dial("+18888988733")
    await agent.dial("+18888988733")
    await agent.loses_the_line()
    phone_after = next(form for form in service.forms("/after") if form["CallSid"] == phone.call.sid)
    assert phone_after["CallStatus"] == "in-progress"
    left = [form for form in service.forms("/conference") if form["StatusCallbackEvent"] == "participant-leave"]
    assert left[0]["ParticipantCallStatus"] == "failed"
    assert [form["CallStatus"] for form in service.forms("/twilio/status")] == ["failed"]
