"""Every kind of node, by its cases in `kinds/<kind>.yaml`. A new kind arrives with a file of its own.

A case is a node, a moment (`at`), what is known before (`session`), what is heard (nothing: the node is entered), and
what follows: `goes` to a target, `gives` directives in order, `asks` the outside, or `deaf` when it has no use for
what it heard.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from app.flows import asks, turn
from app.flows.nodes import KINDS
from app.flows.nodes.base import Asks, Go, Here, Step, Wait
from app.flows.session import PartnerFacts, Session, Way
from tests.support.facts import shipped, utc

CASES = Path(__file__).parent / "kinds"
TUESDAY = "2026-03-03 17:00"
HEARD: dict[str, Any] = {
    "keyed": turn.Keyed,
    "spoken": turn.Spoken,
    "recorded": lambda seconds: turn.Recorded("RE1", seconds),
    "hung_up_after": lambda seconds: turn.Recorded("RE1", seconds, hung_up=True),
    "dialled": lambda ended: turn.DialEnded(*ended),
    "waited": turn.StillWaiting,
    "left": lambda result: turn.LeftQueue(result, 40),
    "found_partner": lambda id_: asks.FoundPartner(PartnerFacts(id_, "resale", "active", True, False)),
    "found_case": asks.FoundCase,
    "found_number": asks.FoundNumber,
    "place": lambda given: asks.FoundPlace(**given),
    "opened": asks.Opened,
    "toggled": asks.Toggled,
    "closures": lambda _: asks.FoundClosures(()),
}
WORDS = {
    "silence": turn.Silence(),
    "hung up": turn.HungUp(),
    "yes": asks.Yes(),
    "no": asks.No(),
    "done": asks.Done(),
    "unavailable": asks.Unavailable(),
    "lost": asks.AgentLost(),
}


def cases() -> list[Any]:
    found = []
    for kind in KINDS:
        for case in yaml.safe_load((CASES / f"{kind}.yaml").read_text()):
            found.append(pytest.param(kind, case, id=f"{kind}: {case['case']}"))
    return found


def test_every_kind_has_cases_and_no_case_is_of_an_unknown_kind() -> None:
    assert {path.stem for path in CASES.glob("*.yaml")} == set(KINDS)


@pytest.mark.parametrize(("kind", "case"), cases())
def test_kind(kind: str, case: dict[str, Any]) -> None:
    node = msgspec.convert(case["node"], KINDS[kind])
    here = Here(shipped(), _session(case.get("session", {})), utc(case.get("at", TUESDAY)))
    follows = node.hear(here, _heard(case["heard"])) if "heard" in case else node.enter(here)
    assert _shown(follows) == {key: value for key, value in case.items() if key in ("goes", "gives", "asks", "deaf")}
    for name, value in case.get("knows", {}).items():
        assert follows is not None
        assert getattr(follows.session, name) == value


def test_no_case_file_leaves_a_way_out_untried() -> None:
    """Each target that a kind's first node names is reached by some case."""
    for kind in KINDS:
        reached = {case.get("goes") for case in yaml.safe_load((CASES / f"{kind}.yaml").read_text())}
        named = {
            target
            for case in yaml.safe_load((CASES / f"{kind}.yaml").read_text())
            for _, target in msgspec.convert(case["node"], KINDS[kind]).targets()
        }
        assert named <= reached | {None}, kind


def _session(known: dict[str, Any]) -> Session:
    values = {"revision": "r", "line": "US support", "node": "test.here", **known}
    if way := values.get("way"):
        values["way"] = Way(**way)
    if partner := values.get("partner"):
        values["partner"] = PartnerFacts(**partner)
    return Session(**values)


def _heard(given: Any) -> turn.Heard:
    if isinstance(given, str):
        return WORDS[given]  # type: ignore[return-value]  # because the words are all heard
    ((name, value),) = given.items()
    heard: turn.Heard = HEARD[name](value)
    return heard


def _shown(step: Step | None) -> dict[str, Any]:
    match step:
        case Go(to):
            return {"goes": to}
        case Wait(_, directives):
            return {"gives": [_directive(directive) for directive in directives]}
        case Asks(ask):
            return {"asks": type(ask).__name__}
        case None:
            return {"deaf": True}


def _directive(directive: turn.Directive) -> str:
    match directive:
        case turn.Say(text):
            return f"says {text}"
        case turn.Gather(_, digits, finish_on, timeout):
            return f"gathers {digits} until {finish_on or 'nothing'} for {timeout} s"
        case turn.Music(prompts, listens):
            said = "".join(f" says {prompt.text}" for prompt in prompts)
            return f"music{said}{' and listens' if listens else ''}"
        case turn.Enqueue(queue):
            return f"queue {queue}"
        case turn.Dial(numbers, timeout, screened):
            return f"dials {' '.join(numbers)} for {timeout} s{' screened' if screened else ''}"
        case turn.Record(seconds, finish_on, silence):
            return f"records {seconds} s until {finish_on} or {silence} s of silence"
        case _:
            return type(directive).__name__.lower()
