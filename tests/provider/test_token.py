"""Session tokens: read back whole, bound to their call, refused after any change."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flows.session import PartnerFacts, Session, Way
from app.provider.token import InvalidToken, Tokens

TOKENS = Tokens(b"a secret of this installation")
SESSION = Session(
    "4f43e13511",
    "US escalation voicemail",
    "escalation.review",
    turn=5,
    attempts={"identify.pid": 2},
    partner=PartnerFacts(70, "agency", "active", True, False),
    verified_by="pid",
    severity="S2",
    case="1234567897",
    way=Way(2, "us", "voicemail", None, False),
    recording="RE" + "0" * 32,
)
URL_SAFE = string.ascii_letters + string.digits + "-_"


def test_a_session_comes_back_whole() -> None:
    assert TOKENS.read(TOKENS.write(SESSION, "CA1"), "CA1") == SESSION


def test_a_token_is_of_one_call_and_one_installation() -> None:
    token = TOKENS.write(SESSION, "CA1")
    with pytest.raises(InvalidToken):
        TOKENS.read(token, "CA2")
    with pytest.raises(InvalidToken):
        Tokens(b"another secret").read(token, "CA1")


def test_every_changed_character_is_refused() -> None:
    token = TOKENS.write(SESSION, "CA1")
    for place, was in enumerate(token):
        for other in URL_SAFE:
            if other != was:
                with pytest.raises(InvalidToken):
                    TOKENS.read(token[:place] + other + token[place + 1 :], "CA1")


def test_a_shorter_or_longer_one_is_refused() -> None:
    token = TOKENS.write(SESSION, "CA1")
    for other in ("", token[:-1], token + "A", token + "=", " " + token, token[4:], token * 2):
        with pytest.raises(InvalidToken):
            TOKENS.read(other, "CA1")


@given(st.text(max_size=60))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        TOKENS.read(text, "CA1")


def test_no_digits_that_a_caller_keyed_are_in_a_session_at_rest() -> None:
    from_a_turn = Session("r", "US support", "n", entered="100234", number="+12065550147")
    assert from_a_turn.at_rest() == Session("r", "US support", "n")
