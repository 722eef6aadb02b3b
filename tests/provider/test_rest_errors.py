"""What an operator reads when the provider refuses: one line with the remedy, and nothing private in it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.provider.rest_errors import CountryClosed, NotThere, NotVerified, Refused, WrongToken, refusal


@pytest.mark.parametrize(
    ("status", "code", "kind", "says"),
    [
        (401, 20003, WrongToken, "check PARTNERLINE_TWILIO_ACCOUNT_SID and PARTNERLINE_TWILIO_AUTH_TOKEN"),
        (403, 20003, WrongToken, "PARTNERLINE_TWILIO_AUTH_TOKEN"),
        (401, None, WrongToken, "PARTNERLINE_TWILIO_AUTH_TOKEN"),
        (400, 21215, CountryClosed, "Voice, Geo permissions"),
        (400, 13227, CountryClosed, "Voice, Geo permissions"),
        (400, 21408, CountryClosed, "Messaging, Geo permissions"),
        (400, 21219, NotVerified, "verify the person's number, or upgrade the account"),
        (400, 21608, NotVerified, "verify the person's number, or upgrade the account"),
        (400, 21210, NotVerified, "verify it, or show another"),
        (400, 21211, Refused, "correct it where it was written"),
        (400, 21205, Refused, "check PARTNERLINE_PUBLIC_URL"),
        (400, 21614, Refused, "give a mobile number"),
        (403, 20005, Refused, "suspended or closed"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, code: int | None, kind: type[Refused], says: str) -> None:
    error = refusal(status, json.dumps({"code": code, "message": "The number +12065550147 …"}).encode())
    assert type(error) is kind
    assert isinstance(error, Refused)
    assert (error.status, error.code) == (status, code)
    assert says in error.message == str(error)
    assert "+1206" not in str(error)


@pytest.mark.parametrize(("status", "code"), [(404, 20404), (404, None), (400, 21220)])
def test_what_is_gone_is_not_there(status: int, code: int | None) -> None:
    assert type(refusal(status, json.dumps({"code": code}).encode())) is NotThere


def test_an_unknown_refusal_is_told_in_the_providers_words_without_numbers_and_addresses() -> None:
    message = "Cannot call +1 (206) 555-0147\nor +442079460110; see https://x.test/step?s=token."
    error = refusal(400, json.dumps({"code": 21999, "message": message}).encode())
    assert str(error) == (
        "the provider refuses (400, code 21999): Cannot call (a number) or (a number); see (an address)"
    )


@given(
    st.integers(300, 499), st.binary(max_size=80) | st.builds(lambda t: json.dumps({"message": t}).encode(), st.text())
)
def test_any_refusal_is_one_line(status: int, body: bytes) -> None:
    assert len(str(refusal(status, body)).splitlines()) == 1
