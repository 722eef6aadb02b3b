"""Webhooks: signed, sent, followed, and read. All that goes to the service passes through here."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin

import httpx2

from app.exchange.call import Call
from app.exchange.document import Document, Goto
from app.exchange.failures import EndlessLoop, Failure
from app.exchange.signing import signature
from app.exchange.twiml import is_twiml, problems_of, verbs_of
from app.exchange.verbs import Hangup, Place, Play, Say

MOST_REDIRECTS = 10
MOST_DOCUMENTS_AT_ONCE = 50
"""Documents a call may fetch while no time passes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said to one copy of a webhook."""

    status: int
    content_type: str
    body: bytes
    location: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook of a call, with the answer that counted. `at` in seconds since the call began."""

    at: float
    method: str
    url: str
    form: Mapping[str, str]
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Difference:
    """Two copies of one webhook got different answers."""

    url: str
    first: Answer
    other: Answer


async def fetch(call: Call, goto: Goto, place: Place = "call") -> Document:
    """The document that the service answers with, or a Failure."""
    _guard(call, goto)
    url, answer = await _follow(call, goto)
    if not 200 <= answer.status < 300:
        raise Failure(11200, url, f"HTTP status {answer.status}")
    return _read(url, answer, place)


async def notify(call: Call, goto: Goto) -> None:
    """Tells the service something, and only looks whether it listened (warning 15003)."""
    try:
        url, answer = await _follow(call, goto)
        if not 200 <= answer.status < 300:
            call.errors.append(Failure(15003, url, f"HTTP status {answer.status} from a status callback"))
    except Failure as failure:
        call.errors.append(failure)


async def replay(call: Call) -> None:
    """Sends all webhooks of a call again, the last one first, as a network does that was stuck."""
    for request in reversed(list(call.requests)):
        try:
            again = await _send(call, request.method, request.url, request.form, secrets.token_hex(16))
        except Failure as failure:
            call.errors.append(failure)
            continue
        _compare(call, request.url, [Answer(request.status, again.content_type, request.body), again])


def _guard(call: Call, goto: Goto) -> None:
    """Counts the documents fetched at one and the same moment."""
    at_once = [request for request in call.requests[-MOST_DOCUMENTS_AT_ONCE:] if request.at == call.seconds]
    if len(at_once) >= MOST_DOCUMENTS_AT_ONCE:
        raise EndlessLoop(0, goto.url, f"more than {MOST_DOCUMENTS_AT_ONCE} documents and no time passes")


async def _follow(call: Call, goto: Goto) -> tuple[str, Answer]:
    """Sends a webhook and goes where redirects lead. Keys are not sent a second time."""
    method, url = goto.method, goto.url.partition("#")[0]
    form = ({} if goto.bare else call.standard_form()) | dict(goto.form)
    for _ in range(MOST_REDIRECTS + 1):
        answer = await _deliver(call, method, url, form)
        if not (300 <= answer.status < 400 and answer.location):
            return url, answer
        url = urljoin(url, answer.location).partition("#")[0]
        method = method if answer.status in (307, 308) else "GET"
        form = {name: value for name, value in form.items() if name != "Digits"}
    raise Failure(11215, url, f"more than {MOST_REDIRECTS} redirects")


async def _deliver(call: Call, method: str, url: str, form: Mapping[str, str]) -> Answer:
    """One webhook, in as many copies as the exchange is told to send."""
    wrong = call.exchange.misbehaviour
    call.exchange.about_to_request(call, url)
    token = secrets.token_hex(16)
    if wrong.overlap:
        answers = await asyncio.gather(*(_send(call, method, url, form, token) for _ in range(wrong.copies)))
    else:
        answers = [await _send(call, method, url, form, token) for _ in range(wrong.copies)]
    _compare(call, url, answers)
    answer = answers[1 if wrong.lose_first_answer else 0]
    call.requests.append(Request(call.seconds, method, url, form, answer.status, answer.body))
    return answer


def _compare(call: Call, url: str, answers: list[Answer]) -> None:
    first = answers[0]
    differing = [other for other in answers[1:] if (other.status, other.body) != (first.status, first.body)]
    call.differences += [Difference(url, first, other) for other in differing]


async def _send(call: Call, method: str, url: str, form: Mapping[str, str], token: str) -> Answer:
    """One copy of a webhook: over the client to the service, signed for the address that the public knows."""
    exchange = call.exchange
    asked = url if method == "POST" else url + ("&" if "?" in url else "?") + urlencode(form)
    signed = signature(exchange.auth_token, asked, form if method == "POST" else None)
    headers = {"X-Twilio-Signature": signed, "I-Twilio-Idempotency-Token": token}
    data = dict(form) if method == "POST" else None
    try:
        async with asyncio.timeout(exchange.answer_within):
            response = await exchange.http.request(method, _path(call, asked), data=data, headers=headers)
    except (httpx2.HTTPError, TimeoutError) as error:
        raise Failure(11205, url, f"no answer: {type(error).__name__} {error}") from error
    of = response.headers
    return Answer(response.status_code, of.get("content-type", ""), response.content, of.get("location", ""))


def _path(call: Call, url: str) -> str:
    """The address without the public host: the client knows where the service really is."""
    public = call.exchange.public_url
    if not url.startswith(public + "/"):
        raise Failure(11210, url, f"is not under {public}")
    return url[len(public) :]


def _read(url: str, answer: Answer, place: Place) -> Document:
    """The document in an answer; sound and plain text are documents too, followed by a hang-up."""
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind.startswith("audio/"):
        return Document(url, (Play(url), Hangup()) if place == "call" else (Play(url),), place)
    if kind == "text/plain" and problems_of(answer.body, place):
        return Document(url, (Say(answer.body.decode(errors="replace")), Hangup()), place)
    if kind != "text/plain" and not is_twiml(answer.content_type):
        raise Failure(12300, url, f"content type {answer.content_type!r}")
    if problems := problems_of(answer.body, place):
        raise Failure(problems[0].code, url, "; ".join(problem.text for problem in problems))
    return Document(url, verbs_of(answer.body), place)
