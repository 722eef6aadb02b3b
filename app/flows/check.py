"""Mistakes that a set of flows can hold, each with the node it stands at and what to do.

A node that nobody reaches, a target that does not exist, a round without a wait, a prompt without a text: all are found
before the service starts. What a flow promises its callers is proven elsewhere; here it only has to be sound.
"""

import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.flows.engine import CONNECT, resolve
from app.flows.nodes import Node
from app.flows.nodes.base import PLACEHOLDERS
from app.flows.nodes.queue import QueueNode

# Spoken whatever the flows say, when nothing else can be done.
SPOKEN_BY_THE_ENGINE = ("connecting_you",)
_CASE = frozenset({"tier", "severity", "partner", "case_number"})
_PAGE = _CASE | {"reason"}
# Spoken or written to people who are rung or told, each with what is filled in.
SPOKEN_TO_OTHERS: Mapping[str, frozenset[str]] = {
    "whisper": frozenset({"severity", "line", "partner"}),
    "whisper_unverified": frozenset(),
    "agent_whisper": frozenset({"severity", "line", "partner", "waited"}),
    "agent_connecting": frozenset(),
    "agent_calling_back": frozenset(),
    "call_is_taken": frozenset(),
    "caller_has_gone": frozenset(),
    "partner_called": frozenset({"case_number"}),
    "partner_called_again": frozenset(),
    "partner_not_reached": frozenset(),
    "partner_not_called": frozenset(),
    "callback_withdrawn": frozenset(),
    "desk_welcome": frozenset(),
    "desk_connected": frozenset(),
    "page_whisper": _PAGE,
    "page_caller_waits": _PAGE,
    "page_caller_rung_back": _PAGE,
    "page_more_wait": _PAGE,
    "page_keys": _PAGE,
    "page_accepted": frozenset({"case_number"}),
    "page_passed_on": frozenset(),
    "page_subject": _PAGE,
    "page_text": _PAGE,
    "clock_subject": _CASE | {"due"},
    "clock_response": _CASE | {"due"},
    "clock_update": _CASE | {"due"},
    "verify_reach": frozenset(),
    "reach_verified": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """`node` is `flow.node`, or a prompt's name where `language` is given."""

    node: str
    what: str
    language: str = ""


def mistakes(
    nodes: Mapping[str, Node], starts: Mapping[str, str], used: Iterable[str], texts: Mapping[str, Mapping[str, str]]
) -> Iterator[Mistake]:
    """Every mistake. `starts`: first node by flow; `used`: the flows that lines begin with; `texts`: by language."""
    if not isinstance(nodes.get(CONNECT), QueueNode):
        yield Mistake(CONNECT, "is missing; it must be a `queue`: a call that cannot go on anywhere else goes on there")
    yield from _own(nodes)
    yield from _unknown_targets(nodes)
    yield from _unreached(nodes, [starts[flow] for flow in used if flow in starts])
    yield from _endless(nodes)
    yield from _prompts(nodes, texts)


def ways(name: str, node: Node) -> Iterator[tuple[str, str]]:
    """Each way out of a node: the reason, and the full name of the target."""
    flow = name.partition(".")[0]
    for reason, target in node.targets():
        yield reason, resolve(target, flow)


def _own(nodes: Mapping[str, Node]) -> Iterator[Mistake]:
    for name, node in nodes.items():
        for what in node.mistakes():
            yield Mistake(name, what)


def _unknown_targets(nodes: Mapping[str, Node]) -> Iterator[Mistake]:
    for name, node in nodes.items():
        for reason, target in ways(name, node):
            if target not in nodes:
                yield Mistake(name, f"goes to `{target}`{f' ({reason})' if reason else ''}, which does not exist")


def _unreached(nodes: Mapping[str, Node], starts: Sequence[str]) -> Iterator[Mistake]:
    reached = set()
    ahead = [start for start in starts if start in nodes]
    while ahead:
        name = ahead.pop()
        if name in reached:
            continue
        reached.add(name)
        ahead.extend(target for _, target in ways(name, nodes[name]) if target in nodes)
    for name in nodes.keys() - reached:
        yield Mistake(name, "nobody reaches this node; lead a way to it, or delete it")


def _endless(nodes: Mapping[str, Node]) -> Iterator[Mistake]:
    """Rounds through nodes that never wait for the caller."""
    state: dict[str, bool] = {}
    for start in nodes:
        yield from _walk(nodes, start, [], state)


def _walk(nodes: Mapping[str, Node], name: str, trail: list[str], finished: dict[str, bool]) -> Iterator[Mistake]:
    if name in trail:
        circle = " -> ".join([*trail[trail.index(name) :], name])
        yield Mistake(name, f"goes round without waiting for the caller: {circle}")
        return
    if finished.get(name) or name not in nodes or nodes[name].waits:
        return
    for _, target in ways(name, nodes[name]):
        yield from _walk(nodes, target, [*trail, name], finished)
    finished[name] = True


def _prompts(nodes: Mapping[str, Node], texts: Mapping[str, Mapping[str, str]]) -> Iterator[Mistake]:
    spoken = {prompt: name for name, node in nodes.items() for prompt in node.prompts()}
    spoken.update(dict.fromkeys((*SPOKEN_BY_THE_ENGINE, *SPOKEN_TO_OTHERS), "(the engine)"))
    for language, known in texts.items():
        for prompt, name in spoken.items():
            if not known.get(prompt, "").strip():
                yield Mistake(name, f"speaks `{prompt}`, which has no text in prompts/{language}.yaml")
        for prompt, text in known.items():
            yield from _placeholders(prompt, text, language)


def _placeholders(prompt: str, text: str, language: str) -> Iterator[Mistake]:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        yield Mistake(prompt, f"a brace is left open or unnamed: {error}", language)
        return
    filled = SPOKEN_TO_OTHERS.get(prompt, PLACEHOLDERS)
    for name in names:
        if name not in filled:
            known = f"there are {', '.join(sorted(filled))}" if filled else "it is spoken as it stands"
            yield Mistake(prompt, f"nothing fills in {{{name}}}; {known}", language)
