"""What is said and written of a page: to contacts, and into the history of its case."""

from datetime import datetime
from textwrap import shorten

from app.domain.duty import Contact
from app.flows.turn import Gather, Hangup
from app.notify import Notice
from app.runtime import Runtime
from app.services import spoken
from app.store import cases, events
from app.store.database import Transaction
from app.store.rows import Row

LONGEST_REASON = 300
AUTHOR = "paging"


async def write_down(tx: Transaction, page: Row, now: datetime, entry: str, event: str, note: str) -> None:
    """A line in the history of the page's case, once for each entry, and an event for whoever watches."""
    line = cases.Update(f"{page['id']}/{entry}", now, AUTHOR, "page", note)
    await cases.add_update(tx, page["case_number"], line)
    await events.note(tx, now, event, f"case {page['case_number']}", page=page["id"], note=note)


def whisper(runtime: Runtime, page: Row, case: Row, place: Row | None, next_url: str) -> str:
    """The document for a contact who answered: said twice, since a greeting may have spoken over the first."""
    line = case["line"]
    values = {**_values(runtime, page, case), "case_number": spoken.case_in_words(case["number"])}
    prompts = ["page_whisper"]
    if place is not None:
        prompts.append("page_caller_waits" if place["kind"] == "call" else "page_caller_rung_back")
    if page["merged"]:
        prompts.append("page_more_wait")
    said = tuple(spoken.say(runtime, line, prompt, **values) for prompt in (*prompts, "page_keys"))
    asks = Gather(said, 1, "", spoken.SECONDS_TO_DECIDE, False, 0, "", said[0].language, goes_on=False)
    return spoken.document((asks, asks, Hangup()), next_url)


def notice(runtime: Runtime, page: Row, case: Row, key: str) -> Notice:
    """The same to read, for SMS and mail."""
    texts = spoken.wording_of(runtime, case["line"]).texts
    values = _values(runtime, page, case)
    subject, text = (texts[name].format_map(values) for name in ("page_subject", "page_text"))
    return Notice(key, shown(runtime, case), subject, text)


def shown(runtime: Runtime, case: Row) -> str:
    """The number that a contact sees: of the case's region, else of the default line's."""
    return runtime.flows.region(case["region"]).outbound_number


def who(contact: Contact, tier: int) -> str:
    return f"{contact.name} ({contact.role}, Tier {tier})"


def _values(runtime: Runtime, page: Row, case: Row) -> dict[str, str]:
    reason = shorten(page["reason"], LONGEST_REASON, placeholder=" …").rstrip(".")
    return {**spoken.of_case(runtime, case), "tier": str(page["tier"]), "reason": reason}
