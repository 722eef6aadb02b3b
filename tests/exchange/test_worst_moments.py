"""People hang up, lines break and the service gives its orders at any moment: nothing is told twice, nobody hangs."""

import random

import pytest

from app.exchange import Call, Exchange, Misbehaviour, Person
from tests.exchange.account import EVENTS, PUBLIC, Account
from tests.exchange.service import Form, Service, twiml

AGENTS = [f"+1206555019{n}" for n in range(4)]
WHISPER = '<Gather numDigits="1" timeout="8" action="/key"><Say>press 1</Say></Gather>'
ROOM = '<Dial action="/after"><Conference endConferenceOnExit="true" waitUrl="/music">room</Conference></Dial>'
PEOPLE = [
    Person(after=3, keys=("1",), talks=40),
    Person(after=3, keys=("1",), fails=20),
    Person(after=2, stays=9),
    Person("declines", after=4),
    Person("no-answer"),
    Person(after=1, keys=("2",)),
]


def documents(chance: random.Random) -> dict[str, object]:
    def voice(_: Form) -> str:
        screened = "".join(f'<Number url="/whisper">{agent}</Number>' for agent in AGENTS[:2])
        return chance.choice(
            [
                twiml('<Enqueue action="/after" waitUrl="/wait">tier1-us</Enqueue>'),
                twiml(f'<Dial timeout="15" action="/after">{screened}</Dial>'),
                twiml('<Dial timeout="20" action="/after"><Queue>tier1-us</Queue></Dial>'),
                twiml(ROOM),
            ]
        )

    return {
        "/twilio/voice": voice,
        "/wait": twiml("<Say>please wait</Say><Play>/music.mp3</Play>"),
        "/music": twiml("<Play>/music.mp3</Play>"),
        "/whisper": twiml(WHISPER, "<Hangup/>"),
        "/agent": twiml(WHISPER),
        "/key": lambda form: twiml("<Hangup/>") if form["Digits"] == "2" else twiml(),
        "/join": twiml(ROOM),
        "/after": lambda _: chance.choice([twiml(), twiml('<Gather timeout="5"/>'), voice({})]),
        "/leg": (204, {}, b""),
    }


async def something_happens(chance: random.Random, account: Account) -> None:
    exchange = account.exchange
    call = chance.choice(exchange.calls) if exchange.calls else None
    match chance.randrange(9):
        case 0 | 1:
            await exchange.dial("+18888988733", f"+1206555{chance.randrange(10000):04}", listen=False)
        case 2:
            await account.places(chance.choice(AGENTS), chance.choice(["/agent", "/join"]))
        case 3 if call:
            call.put_down()
        case 4 if call:
            call.fail()
        case 5 if call:
            await account.post(f"/Calls/{call.sid}.json", Url=f"{PUBLIC}/{chance.choice(['join', 'twilio/voice'])}")
        case 6 if call:
            await account.post(f"/Calls/{call.sid}.json", Status=chance.choice(["completed", "canceled"]))
        case 7 if call:
            sid = exchange.queue("tier1-us").sid
            await account.post(f"/Queues/{sid}/Members/{chance.choice(['Front', call.sid])}.json", Url=PUBLIC + "/join")
        case 8 if call:
            part = chance.choice(["/wait", "/after", "/key", "/join", "/leg"])
            exchange.just_before(part, chance.choice([Call.put_down, Call.fail]))


@pytest.mark.parametrize("seed", range(40))
async def test_whatever_happens_everybody_comes_to_an_end(
    account: Account, exchange: Exchange, service: Service, seed: int
) -> None:
    chance = random.Random(seed)
    service.pages = documents(chance)  # type: ignore[assignment]  # because these are more narrow than any reply
    exchange.people = {agent: chance.choice(PEOPLE) for agent in AGENTS}
    exchange.misbehaviour = Misbehaviour(queue_action_late=chance.choice([0, 3]), progress_late=chance.choice([0, 50]))
    for _ in range(80):
        await something_happens(chance, account)
        if chance.random() < 0.6:
            await exchange.timeline.run_for(chance.choice([0, 0.5, 3, 12]))
    for _ in range(3):
        for call in exchange.calls:
            call.put_down()
        await exchange.timeline.run_for(100)
    assert [call.sid for call in exchange.calls if not call.over] == []
    assert (exchange.queue("tier1-us"), exchange.conferences) == ([], {})
    assert [str(error) for call in exchange.calls for error in call.errors] == []
    assert_told_once(exchange, service)


def assert_told_once(exchange: Exchange, service: Service) -> None:
    ended = [form["CallSid"] for form in service.forms("/twilio/status")]
    assert sorted(ended) == sorted(call.sid for call in exchange.calls if call.direction == "inbound")
    for call in exchange.calls:
        steps = [form for form in service.forms("/leg") if form["CallSid"] == call.sid]
        numbers = sorted(int(form["SequenceNumber"]) for form in steps)
        assert numbers == list(range(len(numbers)))
        assert len(numbers) <= len(EVENTS)
