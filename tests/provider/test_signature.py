"""Whether a webhook is the provider's: its vectors, its own SDK, and every way to get it wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # because it has no types

from app.provider.signature import Signatures, forms_of

TOKEN = "12345"
CALL = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
DOCS = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675310"),
    ("From", "+14158675310"),
    ("Digits", "1234"),
    ("To", "+18005551212"),
]
TWICE = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
PAGE = "mycompany.com/myapp.php?foo=1&bar=2"


@pytest.mark.parametrize(
    ("url", "form", "signature"),
    [
        (f"https://{PAGE}", CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (f"https://{PAGE}", CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),  # signed with :443
        (f"http://{PAGE}", CALL, "0ZXoZLH/DfblKGATFgpif+LLRf4="),  # signed with :80
        ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", CALL, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        (f"https://{PAGE}", TWICE, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),  # a name that comes twice
        ("https://example.com/myapp.php?foo=1&bar=2", DOCS, "L/OH5YylLD5NRKLltdqwSvS0BnU="),
    ],
)
def test_the_providers_own_vectors(url: str, form: list[tuple[str, str]], signature: str) -> None:
    assert Signatures([TOKEN]).valid(url, form, signature)


FORMS = st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=12)), max_size=8)


@given(FORMS)
def test_the_sdk_signs_what_we_accept(form: list[tuple[str, str]]) -> None:
    url = "https://ivr.example.test/twilio/step?s=abc%2B"
    values: dict[str, list[str]] = {}
    for name, value in form:
        values.setdefault(name, []).append(value)
    # The SDK takes one value as it is, and many as a list with the name once.
    body = _Form(values)
    signature = RequestValidator(TOKEN).compute_signature(url, body)
    assert Signatures(["another", TOKEN]).valid(url, form, signature)
    assert not Signatures(["another"]).valid(url, form, signature)


class _Form(dict[str, list[str]]):
    def getlist(self, name: str) -> list[str]:
        return self[name]


@given(FORMS.filter(bool), st.data())
def test_any_change_is_noticed(form: list[tuple[str, str]], data: st.DataObject) -> None:
    url = "https://ivr.example.test/twilio/voice"
    values: dict[str, list[str]] = {}
    for name, value in form:
        values.setdefault(name, []).append(value)
    signature = RequestValidator(TOKEN).compute_signature(url, _Form(values))
    signatures = Signatures([TOKEN])
    assert not signatures.valid(url + "?x", form, signature)
    assert not signatures.valid(url, [*form, ("Digits", "0")], signature)
    place = data.draw(st.integers(0, len(signature) - 2))
    other = signature[:place] + ("A" if signature[place] != "A" else "B") + signature[place + 1 :]
    assert not signatures.valid(url, form, other)


@pytest.mark.parametrize("signature", ["", "x", "ü" * 28, "RSOYDt4T1cUTdK1PDd93/VVr8B8"])
def test_a_missing_or_odd_signature_is_none(signature: str) -> None:
    assert not Signatures([TOKEN]).valid(f"https://{PAGE}", CALL, signature)


def test_user_and_password_are_never_signed() -> None:
    assert forms_of("https://user:pw@h:8443/a?b=1#rc=2") == ("https://h/a?b=1", "https://h:8443/a?b=1")
    assert forms_of("https://[::1]/a") == ("https://[::1]/a", "https://[::1]:443/a")


def test_without_a_token_nothing_is_valid() -> None:
    assert not Signatures([]).valid(f"https://{PAGE}", CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
