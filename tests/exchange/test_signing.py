"""The provider's own vectors, from its documentation and its Python library (token `12345`)."""

import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # because it has no types

from app.exchange.signing import Form, signature
from tests.exchange.service import Service, twiml
from tests.support.handset import Handset

CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
PAGE = "mycompany.com/myapp.php?foo=1&bar=2"
VECTORS: list[tuple[str, Form, str]] = [
    ("https://" + PAGE, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ("https://mycompany.com:443/myapp.php?foo=1&bar=2", CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
    ("http://mycompany.com:80/myapp.php?foo=1&bar=2", CALL, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", CALL, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    # "SDK sorts the set of values, so duplicates collapse and values are ordered"
    (
        "https://" + PAGE,
        {"Sid": "CA123", "SidAccount": "AC123", "Digits": ["5678", "1234", "1234"]},
        "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
    ),
    # "JSON body: … sign URL only"
    (
        "https://" + PAGE + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
        {},
        "a9nBmqA0ju/hNViExpshrM61xv4=",
    ),
    (
        "https://example.com/myapp.php?foo=1&bar=2",
        CALL | {"From": "+14158675310", "Caller": "+14158675310"},
        "L/OH5YylLD5NRKLltdqwSvS0BnU=",
    ),
]


@pytest.mark.parametrize(("url", "form", "expected"), VECTORS)
def test_signs_as_the_provider_does(url: str, form: Form, expected: str) -> None:
    assert signature("12345", url, form) == expected


def test_the_fragment_is_not_part_of_the_signature() -> None:
    assert signature("12345", "https://a.example/b#rc=2", {}) == signature("12345", "https://a.example/b", {})


async def test_the_providers_library_accepts_every_webhook(phone: Handset, service: Service) -> None:
    # "Blank parameters count"; GET: "just the URL"
    service.pages = {
        "/twilio/voice": twiml('<Gather action="/next?a=1&amp;b=x%20y" method="GET"/>'),
        "/next": twiml(),
    }
    await phone.dial("+18888988733")
    await phone.presses("1#")
    validator = RequestValidator("12345")
    first, second, status = service.received
    assert validator.validate("https://ivr.example/twilio/voice", first.form, first.headers["x-twilio-signature"])
    assert validator.validate("https://ivr.example/twilio/status", status.form, status.headers["x-twilio-signature"])
    address = f"https://ivr.example/next?{second.query}"
    assert validator.validate(address, {}, second.headers["x-twilio-signature"])
    assert second.query.startswith("a=1&b=x%20y&CallSid=")
    assert (second.method, second.form["Digits"], second.form["FromCity"]) == ("GET", "1", "")
