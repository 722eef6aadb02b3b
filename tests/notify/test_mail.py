"""Mail, spoken to a server of our own."""

from collections.abc import AsyncIterator
from email import message_from_string

import pytest

from app.notify.mail import MailSender, Server, server
from app.provider.rest import AnswerLost, Busy, ProviderError, Refused
from tests.support.facts import utc
from tests.support.mail_server import MailServer, mail_server

FROM = "Partner desk <desk@example.test>"
MAIL = {
    "key": "page 1/1.1.1/mail",
    "recipient": "ann@example.test",
    "subject": "Page for Tier 1:\nseverity 1",
    "text": "Page for Tier 1: severity 1, from Café Ångström.",
    "planned_at": utc("2026-03-07 03:00"),
}


@pytest.fixture
async def theirs() -> AsyncIterator[MailServer]:
    async with mail_server() as theirs:
        yield theirs


@pytest.mark.parametrize(
    ("url", "means"),
    [
        ("smtp://mail.example.test", Server("mail.example.test", 587, None, None, tls=False)),
        ("smtps://mail.example.test", Server("mail.example.test", 465, None, None, tls=True)),
        ("smtp://desk%40example.test:a%2Fb@m.test:2525", Server("m.test", 2525, "desk@example.test", "a/b", tls=False)),
    ],
)
def test_how_a_server_is_given(url: str, means: Server) -> None:
    assert server(url) == means


@pytest.mark.parametrize("url", ["mail.example.test", "http://mail.example.test", "smtp://"])
def test_what_is_no_mail_server(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://USER:PASSWORD@HOST:PORT"):
        server(url)


async def test_a_mail_arrives_whole(theirs: MailServer) -> None:
    await MailSender(theirs.url, FROM).send(MAIL, "")
    assert theirs.mails[0].isascii()
    letter = message_from_string(theirs.mails[0])
    assert theirs.recipients == ["ann@example.test"]
    assert (letter["From"], letter["To"]) == (FROM, "ann@example.test")
    # No line of its own: a subject cannot write headers.
    assert letter["Subject"] == "Page for Tier 1: severity 1"
    body = letter.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().splitlines() == [MAIL["text"]]


async def test_a_repeat_has_the_same_id_and_another_mail_another(theirs: MailServer) -> None:
    sender = MailSender(theirs.url, FROM)
    ids = [sender.letter(mail)["Message-ID"] for mail in (MAIL, MAIL, {**MAIL, "key": "another"})]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@example.test>")


@pytest.mark.parametrize(
    ("command", "answer", "error"),
    [
        ("MAIL", "451 later", Busy),
        ("MAIL", "553 not from you", Refused),
        ("RCPT", "452 full", Busy),
        ("RCPT", "550 no such user", Refused),
        ("DATA", "554 no", Refused),
        ("END", "554 spam", Refused),
        ("END", "452 full", Busy),
    ],
)
async def test_what_the_server_says_decides(
    theirs: MailServer, command: str, answer: str, error: type[ProviderError]
) -> None:
    theirs.answers[command] = answer
    with pytest.raises(error):
        await MailSender(theirs.url, FROM).send(MAIL, "")


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "END"])
async def test_a_line_that_is_cut_leaves_it_open_whether_the_mail_was_taken(theirs: MailServer, command: str) -> None:
    theirs.hangs_up_after = command
    with pytest.raises(AnswerLost):
        await MailSender(theirs.url, FROM).send(MAIL, "")


async def test_a_server_that_is_away_has_taken_nothing() -> None:
    with pytest.raises(Busy):
        await MailSender("smtp://127.0.0.1:1", FROM).send(MAIL, "")


async def test_without_a_server_nobody_is_reached_by_mail() -> None:
    assert not MailSender("", "").ready
    with pytest.raises(Refused, match="SMTP_URL"):
        await MailSender("", "").send(MAIL, "")
