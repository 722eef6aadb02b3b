"""Mail, by an SMTP server of the operator's. Without one nobody is reached this way."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.domain.duty import Contact
from app.notify import Notice
from app.notify.outbox import Outbox
from app.provider.rest_errors import AnswerLost, Busy, ProviderError, Refused
from app.store.database import Transaction
from app.store.rows import Row

# Seconds for each step of the conversation with the server.
PATIENCE = 15
SCHEMES = {"smtp": 587, "smtps": 465}
# Not every mail server on the way takes more than seven bits.
PLAIN = default.clone(cte_type="7bit")
# An answer below that is a "not now".
FOR_GOOD = 500


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in. With `tls` from the first byte on; else as soon as the server offers it."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool


def server(url: str) -> Server:
    """`smtp://user:password@host:port`, or `smtps://…`. Raises ValueError, which says what is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError("give the mail server as smtp://USER:PASSWORD@HOST:PORT, or smtps://")
    user, password = (unquote(value) if value else None for value in (parts.username, parts.password))
    return Server(parts.hostname, parts.port or SCHEMES[parts.scheme], user, password, parts.scheme == "smtps")


class Mail:
    """`ready`: whether there is a server."""

    name: ClassVar[str] = "mail"

    def __init__(self, outbox: Outbox, *, ready: bool) -> None:
        self._outbox, self._ready = outbox, ready

    def reach(self, contact: Contact) -> str:
        return contact.mail if self._ready else ""

    async def plan(self, tx: Transaction, to: str, notice: Notice) -> bool:
        return await self._outbox.plan(tx, self.name, to, notice)


class MailSender:
    """See `outbox.Sender`. `url` is empty where there is no server."""

    def __init__(self, url: str, sender: str) -> None:
        self._server = server(url) if url else None
        self._from = sender

    @property
    def ready(self) -> bool:
        return self._server is not None

    async def send(self, message: Row, shown: str) -> None:
        if self._server is None:
            raise Refused(0, None, "there is no mail server any more; set PARTNERLINE_SMTP_URL")
        to = self._server
        client = aiosmtplib.SMTP(hostname=to.host, port=to.port, use_tls=to.tls, timeout=PATIENCE)
        with _meaning(Busy("the mail server cannot be reached")):
            await client.connect()
        try:
            with _meaning(Busy("the mail server does not take our login now")):
                if to.user is not None:
                    await client.login(to.user, to.password or "")
            with _meaning(AnswerLost("the mail server did not say whether it took the mail")):
                await client.sendmail(self._from, [message["recipient"]], self.letter(message).as_bytes())
        finally:
            client.close()

    def letter(self, message: Row) -> EmailMessage:
        """The mail. Its id is made from the key: a mail program that gets it twice shows it once."""
        letter = EmailMessage(PLAIN)
        letter["From"], letter["To"] = self._from, message["recipient"]
        letter["Subject"] = " ".join(message["subject"].split())
        letter["Date"] = format_datetime(message["planned_at"])
        id_ = hashlib.sha256(message["key"].encode()).hexdigest()[:32]
        letter["Message-ID"] = f"<{id_}@{self._from.rpartition('@')[2].rstrip('>')}>"
        letter.set_content(message["text"] + "\n")
        return letter


@contextmanager
def _meaning(otherwise: ProviderError) -> Iterator[None]:
    """The server's own word is what it says; anything else that breaks here means `otherwise`."""
    try:
        yield
    except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
        code = _code(error)
        if code < FOR_GOOD:
            raise Busy(f"the mail server is busy (code {code})") from None
        raise Refused(code, code, f"the mail server refuses (code {code})") from None
    except (aiosmtplib.SMTPException, OSError) as error:
        raise otherwise from error


def _code(error: aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPResponseException) -> int:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return max(refused.code for refused in error.recipients)
    return error.code
