"""Malformed, forged and unexpected input by phone: the caller gets on, or the request is refused and leaves nothing."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import structlog
from sqlalchemy import Table

from app import logs
from app.exchange.signing import signature
from app.store import tables
from tests.support.handset import Handset
from tests.support.partners import TALLGRASS
from tests.support.service import ACCOUNT, LINES, PUBLIC_URL, TOKEN, Service

EVERYTHING: list[Table] = tables.metadata.sorted_tables
ASKS_PID, ASKS_SEVERITY = "key your partner I D", "How bad is it?"
CONNECTING = "We are connecting you"
PATHS = ["/twilio/voice", "/twilio/step", "/twilio/wait", "/twilio/screen", "/twilio/screened", "/twilio/status"]


def step_of(phone: Handset) -> str:
    """Where the document that the caller listens to sends what is keyed."""
    action = re.search(r'action="([^"]+)"', phone.call.requests[-1].body.decode())
    assert action is not None
    return action[1]


def a_call(sid: str = "CA0001", **fields: str) -> dict[str, str]:
    """The form of a first webhook."""
    call = {"CallSid": sid, "AccountSid": ACCOUNT, "From": "+12065550199", "To": LINES["US support"]}
    return {**call, "CallStatus": "ringing", "Direction": "inbound", "ApiVersion": "2010-04-01", **fields}


# What is keyed

WRONG_DIGITS = {
    "letters": "12ab34",
    "full-width digits": "\uff11\uff10\uff10\uff12\uff13\uff14",
    "Arabic digits": "\u0661\u0660\u0660\u0662\u0663\u0664",
    "superscripts": "10023\u2074",
    "200 digits": "1" * 200,
    "10,000 digits": "1" * 10_000,
    "a sign": "-100234",
    "blanks": "   ",
    "a NUL": "9999\x0099",
    "a line feed": "999999\n",
    "SQL": "' OR '1'='1",
    "XML": "</Say><Hangup/>",
    "a placeholder": "{case_number}",
}


@pytest.mark.parametrize("keys", WRONG_DIGITS.values(), ids=WRONG_DIGITS.keys())
async def test_keys_that_are_no_pid_are_an_attempt(service: Service, phone: Handset, keys: str) -> None:
    await phone.dial(LINES["US support"])
    answer = await service.post(step_of(phone), {**phone.call.standard_form(), "Digits": keys})
    assert (answer.status_code, ASKS_PID in answer.text) == (200, True)


@pytest.mark.parametrize("keys", [keys for keys in WRONG_DIGITS.values() if keys[0] not in "1239"])
async def test_keys_that_are_no_severity_choose_none(service: Service, phone: Handset, keys: str) -> None:
    phone = await service.calls("US support", "*#")
    answer = await service.post(step_of(phone), {**phone.call.standard_form(), "Digits": keys})
    assert (answer.status_code, ASKS_SEVERITY in answer.text) == (200, True)


@pytest.mark.parametrize("words", ["", " ", "\u0661\u0660\u0660", "one " * 500, "{number}", "<Say>", "\x00"])
async def test_words_that_are_no_pid_are_an_attempt(service: Service, phone: Handset, words: str) -> None:
    await phone.dial(LINES["US support"])
    heard = {"SpeechResult": words, "Confidence": "much"}
    answer = await service.post(step_of(phone), {**phone.call.standard_form(), **heard})
    assert (answer.status_code, ASKS_PID in answer.text) == (200, True)


@pytest.mark.parametrize(
    "fields",
    [
        {"QueueResult": "", "QueueTime": ""},
        {"QueueResult": "hangup", "QueueTime": "-1"},
        {"DialCallStatus": "completed", "DialCallDuration": "many"},
        {"RecordingSid": "RE1", "RecordingDuration": "1e9"},
        {"Digits": "hangup"},
    ],
    ids=lambda fields: ", ".join(fields),
)
async def test_news_of_something_else_than_was_asked_for_brings_the_caller_to_a_person(
    service: Service, phone: Handset, fields: dict[str, str]
) -> None:
    await phone.dial(LINES["US support"])
    answer = await service.post(step_of(phone), {**phone.call.standard_form(), **fields})
    assert answer.status_code == 200
    assert "Digits" in fields or ">tier1-us</Enqueue>" in answer.text


# The form


async def test_fields_that_are_blank_count_for_the_signature(service: Service) -> None:
    answer = await service.post("/twilio/voice", a_call(FromCity="", CallerName="", StirVerstat=""))
    assert (answer.status_code, ASKS_PID in answer.text) == (200, True)


async def test_fields_that_nobody_knows_are_signed_and_passed_over(service: Service) -> None:
    unknown = {"SomethingNew": "1", "Z\u00fcrich": "\u20ac \U0001f514", "": "no name", "a b": "&=+%", "Digits2": "9"}
    answer = await service.post("/twilio/voice", a_call(**unknown))
    assert (answer.status_code, ASKS_PID in answer.text) == (200, True)


@pytest.mark.parametrize("values", [("100234", "100234"), ("999999", "100234"), ("100234", "")])
async def test_names_that_come_twice_are_taken_once(service: Service, phone: Handset, values: tuple[str, str]) -> None:
    await phone.dial(LINES["US support"])
    pairs = [*phone.call.standard_form().items(), *(("Digits", value) for value in values)]
    answer = await service.post(step_of(phone), pairs)
    assert answer.status_code == 200
    assert CONNECTING not in answer.text


@pytest.mark.parametrize("missing", ["To", "From", "CallStatus", "Direction", "AccountSid"])
async def test_a_field_that_is_missing_stops_nobody(service: Service, missing: str) -> None:
    form = {name: value for name, value in a_call().items() if name != missing}
    answer = await service.post("/twilio/voice", form)
    assert (answer.status_code, ASKS_PID in answer.text) == (200, True)
    assert service.row(tables.calls)["line"] == "US support"


async def test_a_caller_without_a_call_sid_is_connected(service: Service) -> None:
    for form in (a_call(sid=""), {name: value for name, value in a_call().items() if name != "CallSid"}):
        answer = await service.post("/twilio/voice", form)
        assert answer.status_code == 200
        assert CONNECTING in answer.text
        assert ">tier1-us</Enqueue>" in answer.text


async def test_a_get_is_answered_like_a_post(service: Service) -> None:
    posted, got = await service.post("/twilio/voice", a_call()), await service.get("/twilio/voice", a_call())
    assert (got.status_code, got.text) == (200, posted.text)
    step = re.search(r'action="([^"]+)"', got.text)
    assert step is not None
    answer = await service.get(step[1], a_call(Digits="100234"))
    assert (answer.status_code, ASKS_SEVERITY in answer.text) == (200, True)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_no_webhooks(service: Service, method: str) -> None:
    answer = await service.http.request(method, "/twilio/voice", data=a_call())
    assert answer.status_code == 405


@pytest.mark.parametrize("path", ["/twilio/voice/", "/twilio", "/twilio/nothing"])
async def test_a_path_that_is_not_ours_is_not_redirected(service: Service, path: str) -> None:
    assert (await service.post(path, a_call())).status_code == 404


BODIES = {
    "not UTF-8": (b"CallSid=CA1&From=\xff\xfe%ff", "application/x-www-form-urlencoded"),
    "JSON": (b'{"CallSid": "CA1"}', "application/json"),
    "multipart": (b'--x\r\nContent-Disposition: form-data; name="CallSid"\r\n\r\nCA1\r\n--x--', "multipart/form-data"),
    "a megabyte": (b"CallSid=CA1&Digits=" + b"1" * 2**20, "application/x-www-form-urlencoded"),
    "20,000 fields": (b"&".join(b"a%d=1" % n for n in range(20_000)), "application/x-www-form-urlencoded"),
    "nothing": (b"", "application/x-www-form-urlencoded"),
}


@pytest.mark.parametrize(("body", "kind"), BODIES.values(), ids=BODIES.keys())
async def test_a_body_that_is_no_signed_form_is_refused(service: Service, body: bytes, kind: str) -> None:
    before = service.count(*EVERYTHING)
    sent = {"Content-Type": kind, "X-Twilio-Signature": signature(TOKEN, f"{PUBLIC_URL}/twilio/voice", {"a": "b"})}
    assert (await service.http.post("/twilio/voice", content=body, headers=sent)).status_code == 403
    assert service.count(*EVERYTHING) == before


# Signatures


def forged(path: str, form: dict[str, str]) -> Iterator[str]:
    """Signatures that are missing or wrong."""
    right = signature(TOKEN, PUBLIC_URL + path, form)
    yield from ("", " ", "A" * 28, right[:-1], right.swapcase(), f"{right}=")
    yield signature("54321", PUBLIC_URL + path, form)
    yield signature("", PUBLIC_URL + path, form)
    yield signature(TOKEN, f"http://internal{path}", form)
    yield signature(TOKEN, f"{PUBLIC_URL}{path}/", form)
    yield signature(TOKEN, PUBLIC_URL + path, {**form, "Digits": "1"})
    yield signature(TOKEN, PUBLIC_URL + path, {name: value for name, value in form.items() if name != "From"})
    yield signature(TOKEN, PUBLIC_URL + path)


@pytest.mark.parametrize("path", PATHS)
async def test_a_missing_or_wrong_signature_is_a_403_and_nothing_is_stored(service: Service, path: str) -> None:
    phone = await service.calls("US support", f"{TALLGRASS.keys},1")
    token = phone.call.requests[-1].url.partition("s=")[2]
    before = service.count(*EVERYTHING)
    where = path if path in ("/twilio/voice", "/twilio/status") else f"{path}?s={token}"
    form = {**phone.call.standard_form(), "CallStatus": "completed", "ParentCallSid": phone.call.sid}
    for wrong in forged(where, form):
        assert (await service.post(where, form, signed=wrong)).status_code == 403, wrong
    unsigned = await service.http.post(where, data=form)
    assert unsigned.status_code == 403
    assert (await service.http.get(f"{where}{'&' if '?' in where else '?'}{urlencode(form)}")).status_code == 403
    assert service.count(*EVERYTHING) == before
    assert service.call(phone)["ended_at"] is None


# Tokens


@pytest.mark.parametrize("path", ["/twilio/step", "/twilio/wait", "/twilio/screen", "/twilio/screened"])
async def test_a_token_that_is_changed_anywhere_is_a_403_and_nothing_is_stored(service: Service, path: str) -> None:
    phone = await service.calls("US support", TALLGRASS.keys)
    token = step_of(phone).partition("s=")[2]
    before = service.count(*EVERYTHING)
    form = {**phone.call.standard_form(), "Digits": "1", "ParentCallSid": phone.call.sid}
    changed = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token))]
    for wrong in (*changed, "", "A", token[:-1], token + "A", token[1:], token * 2, "%00", "%C3%A9", "../voice"):
        assert (await service.post(f"{path}?s={wrong}", form)).status_code == 403, wrong
    assert (await service.post(path, form)).status_code == 403
    assert service.count(*EVERYTHING) == before
    await phone.presses("1")
    phone.is_waiting_in("tier2-us")


@pytest.mark.parametrize("path", ["/twilio/step", "/twilio/wait", "/twilio/screen", "/twilio/screened"])
async def test_a_token_of_another_call_is_a_403_and_nothing_is_stored(service: Service, path: str) -> None:
    theirs, ours = await service.calls("US support", TALLGRASS.keys), await service.calls("US support", "*#")
    token = step_of(theirs).partition("s=")[2]
    before = service.count(*EVERYTHING)
    form = {**ours.call.standard_form(), "Digits": "1", "ParentCallSid": ours.call.sid}
    assert (await service.post(f"{path}?s={token}", form)).status_code == 403
    form.pop("CallSid")
    form.pop("ParentCallSid")
    assert (await service.post(f"{path}?s={token}", form)).status_code == 403
    assert service.count(*EVERYTHING) == before


async def test_a_token_holds_no_number_pid_or_name(service: Service) -> None:
    service.it_is("2026-03-07 12:00")
    phone = await service.calls("US support", f"{TALLGRASS.keys},2,#")
    other = await service.calls("US support", "*#,2,#,1,2065550188#")
    for call in (phone.call, other.call):
        for request in call.requests:
            if "?s=" in request.url:
                seen = str(service.runtime.tokens.read(request.url.partition("s=")[2], call.sid))
                for secret in ("100234", "12065550199", "2065550188", TALLGRASS.name):
                    assert secret not in seen


# Flows that are no longer loaded


@pytest.mark.parametrize(("who", "pid"), [("*#", None), (TALLGRASS.keys, TALLGRASS.pid)])
async def test_a_call_on_flows_that_are_not_loaded_goes_to_tier_1_of_its_region(
    service: Service, who: str, pid: str | None
) -> None:
    phone = await service.calls("US support", who)
    service.runtime.revisions.clear()
    await phone.presses("1")
    phone.hears(CONNECTING)
    phone.does_not_hear("case number")
    phone.is_waiting_in("tier1-us")
    case = service.case(phone)
    assert (case["status"], case["queue"], case["tier"], case["pid"]) == ("waiting", "tier1-us", 1, pid)
    await phone.waits(120)
    phone.is_waiting_in("tier1-us")
    await phone.hangs_up()
    assert service.case(phone)["status"] == "abandoned"


# Errors


@pytest.fixture
def restored_logs() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("restored_logs")
@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_the_log_of_an_error_tells_nothing_of_the_caller(
    service: Service, capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    phone = await service.calls("US support", f"{TALLGRASS.keys},2")
    logs.configure(log_format)
    # The conversation waits for keys; a queue's result is none of its business.
    step = step_of(phone)
    await service.post(step, {**phone.call.standard_form(), "QueueResult": "leave", "Digits": "100234"})
    written = "".join(capsys.readouterr())
    assert "an error in a step" in written
    for secret in (TALLGRASS.pid, TALLGRASS.name, "2065550199", step.partition("s=")[2]):
        assert secret not in written
