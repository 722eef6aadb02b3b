"""Reads a TwiML document, strictly: every mistake, or the verbs. `validate` is how we check all that we emit."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from app.exchange import grammar
from app.exchange.elements import text_of, verb_of
from app.exchange.verbs import Place, Verb

CONTENT_TYPES = ("text/xml", "application/xml", "text/html")
LARGEST = 64 * 1024
"""Bytes of a document, at most (error 11750)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a document, under the provider's number for it."""

    code: int
    text: str


def validate(document: bytes, content_type: str, inside_queue: bool = False) -> list[str]:
    """Every mistake in a document as it was sent; none for a good one."""
    place: Place = "queue" if inside_queue else "call"
    problems = [] if is_twiml(content_type) else [Problem(12300, f"content type {content_type!r} is not TwiML")]
    return [f"{problem.code}: {problem.text}" for problem in problems + problems_of(document, place)]


def is_twiml(content_type: str) -> bool:
    """Whether a response of this content type is read as TwiML."""
    return content_type.partition(";")[0].strip().lower() in CONTENT_TYPES


def verbs_of(document: bytes) -> tuple[Verb, ...]:
    """The verbs of a document without mistakes."""
    return tuple(verb_of(element) for element in _root(document))


def problems_of(document: bytes, place: Place = "call") -> list[Problem]:
    """Every mistake in a document that is to run in this place."""
    if len(document) > LARGEST:
        return [Problem(11750, f"the document has {len(document)} bytes, more than {LARGEST}")]
    if not document.startswith(b"<"):
        return [Problem(12100, f"the document begins with {document[:10]!r}, not with <")]
    try:
        root = _root(document)
    except ElementTree.ParseError as error:
        return [Problem(12100, f"not well-formed: {error}")]
    if root.tag != "Response":
        return [Problem(12102, f"the root is {root.tag}, not Response")]
    return [Problem(12200, text) for text in _response_problems(root, place)]


def _root(document: bytes) -> Element:
    return ElementTree.fromstring(document)  # noqa: S314 because it is our own service's text, of at most 64 kB


def _response_problems(root: Element, place: Place) -> Iterator[str]:
    yield from grammar.attribute_problems("Response", root.items())
    yield from _stray_text(root)
    for verb in root:
        if verb.tag not in grammar.ALL_VERBS:
            yield f"{verb.tag}: no such verb"
        elif verb.tag not in grammar.VERBS[place]:
            yield f"{verb.tag}: not allowed in a document for the {place}"
        else:
            yield from _element_problems(verb)
            if place == "queue" and " " in verb.get("input", ""):
                yield "Gather: inside a queue either dtmf or speech, not both"


def _element_problems(element: Element) -> Iterator[str]:
    tag = element.tag
    yield from grammar.attribute_problems(tag, element.items())
    for child in element:
        if child.tag not in grammar.CHILDREN.get(tag, ()):
            yield f"{tag}: may not contain {child.tag}"
        elif child.tag in grammar.ATTRIBUTES:
            yield from _element_problems(child)
    if check := _CONTENT.get(tag):
        yield from check(element)
    elif text_of(element):
        yield f"{tag}: has text, {text_of(element)[:20]!r}"


def _stray_text(element: Element) -> Iterator[str]:
    """Text between elements: nobody would ever hear it."""
    for text in [element.text, *(child.tail for child in element)]:
        if text and text.strip():
            yield f"{element.tag}: has stray text, {text.strip()[:20]!r}"


def _say_problems(say: Element) -> Iterator[str]:
    text, longest = text_of(say), grammar.longest_text(say.get("voice", ""))
    if not text:
        yield "Say: has no text"
    if len(text) > longest:
        yield f"Say: text of {len(text)} characters, more than {longest}"


def _play_problems(play: Element) -> Iterator[str]:
    if bool(text_of(play)) == ("digits" in play.attrib):
        yield "Play: needs either a URL or digits"


def _queue_problems(element: Element) -> Iterator[str]:
    if not 1 <= len(text_of(element)) <= 64:
        yield f"{element.tag}: a queue name has 1 to 64 characters"


def _dial_problems(dial: Element) -> Iterator[str]:
    kinds = {noun.tag for noun in dial}
    if bool((dial.text or "").strip()) == bool(len(dial)):
        yield "Dial: needs either a number or nouns"
    if len(dial) > 10:
        yield "Dial: more than 10 nouns"
    if kinds & {"Queue", "Conference"} and len(dial) > 1:
        yield "Dial: a Queue or Conference stands alone"
    if not len(dial):
        yield from _number_problems(dial)


def _number_problems(number: Element) -> Iterator[str]:
    if problem := grammar.matches(r"\+?[0-9 ().-]{2,30}", "a number")(text_of(number)):
        yield f"{number.tag}: {text_of(number)!r} {problem}"


def _needs_text(element: Element) -> Iterator[str]:
    if not text_of(element):
        yield f"{element.tag}: is empty"


_CONTENT = {
    "Say": _say_problems,
    "Play": _play_problems,
    "Gather": _stray_text,
    "Enqueue": _queue_problems,
    "Queue": _queue_problems,
    "Dial": _dial_problems,
    "Number": _number_problems,
    "Client": _needs_text,
    "Sip": _needs_text,
    "Conference": _needs_text,
    "Redirect": _needs_text,
}
