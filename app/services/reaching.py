"""The ways in which a contact is reached, and the job that sends what is written."""

from collections.abc import Collection
from functools import partial

from app.domain.duty import Contact
from app.notify import Channel, Notice
from app.notify.mail import Mail
from app.notify.outbox import Outbox, Sender
from app.notify.phone import Phone
from app.notify.sms import Sms, SmsSender
from app.runtime import Runtime
from app.services import legs
from app.store.database import Transaction

# Long enough to wake up; the next contact is rung after two minutes.
SECONDS_OF_RINGING = 60
WRITTEN = frozenset({"sms", "mail"})


def channels(runtime: Runtime) -> tuple[Channel, ...]:
    """Every way there is, one file each in `notify`."""
    outbox = _outbox(runtime)
    return Phone(partial(_ring, runtime)), Sms(outbox), Mail(outbox, ready=runtime.mail.ready)


async def tell(
    runtime: Runtime, tx: Transaction, contact: Contact, notice: Notice, only: Collection[str] | None = None
) -> list[str]:
    """Plans that a contact is told by every channel that reaches them, or by these only. Which those are."""
    used = []
    for channel in channels(runtime):
        to = channel.reach(contact) if only is None or channel.name in only else ""
        if to:
            await channel.plan(tx, to, notice)
            used.append(channel.name)
    return used


async def send_message(runtime: Runtime, message: str, shown: str) -> None:
    """A job: sends a planned message, once."""
    senders: dict[str, Sender] = {"sms": SmsSender(runtime.provider), "mail": runtime.mail}
    await _outbox(runtime).send(message, shown, senders)


def _outbox(runtime: Runtime) -> Outbox:
    return Outbox(runtime.database, runtime.jobs, runtime.now)


async def _ring(runtime: Runtime, tx: Transaction, subject: str, number: str, shown: str) -> None:
    await legs.plan(runtime, tx, legs.Plan("page", subject, number, shown, SECONDS_OF_RINGING))
