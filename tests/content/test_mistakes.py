"""Mistakes in `ivr_flows/`: each is found, with its file, its line and what to do; none hides another."""

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from app import content
from tests.support.facts import FLOWS_DIR, shipped

Edit = Callable[[str], str]


@pytest.fixture
def flows_dir(tmp_path: Path) -> Path:
    return shutil.copytree(FLOWS_DIR, tmp_path / "flows")


def problems(folder: Path) -> list[str]:
    try:
        content.load(folder)
    except content.ContentError as error:
        return [str(problem) for problem in error.problems]
    return []


def edit(folder: Path, file: str, old: str, new: str) -> int:
    """Replaces the first `old`; returns the line it stood on."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_the_shipped_flows_hold_no_mistake() -> None:
    assert len(shipped().lines.by_name) == 10
    assert sum(len(line.numbers) for line in shipped().lines.by_name.values()) == 11


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("identify.yaml", "gives_up: assume", "gives_up: asume", "`identify.asume` (gives up), which does not exist"),
        ("identify.yaml", "say: pid_accepted", "say: pid_acepted", "`pid_acepted`, which has no text in prompts/en"),
        ("identify.yaml", "attempts: 3", "attempts: 99", "attempts: must be 1 to 10"),
        ("identify.yaml", "unavailable: unverified}", "later: unverified}", "`unavailable`"),
        ("identify.yaml", "ask: find_case", "ask: find_a_case", "there is no `find_a_case`; there are"),
        ("identify.yaml", "collect: ask_pid", "colect: ask_pid", "is of no kind; give it one of"),
        ("identify.yaml", 'timeout: 7', 'timeout: "7"', "Expected `int`, got `str`"),
        ("identify.yaml", '"9": {repeat: true}', '"x": {repeat: true}', '"x" is not a key of a telephone'),
        ("closed.yaml", "collect: ask_number", "collect: ask_number\n    numbr: 3", "unknown field `numbr`"),
        ("closed.yaml", "start: stay", "start: stays", "there is no node stays"),
        ("escalation.yaml", "record: 300", "record: 0", "give the longest message in seconds"),
        ("escalation.yaml", "playback: review", "playback: listen", "goes round without waiting"),
        ("escalation.yaml", "silence: 10", "silence: -5", "silence: give 0 to 60 seconds"),
        ("waiting.yaml", "of: {S1: s1-reach", "of: {S9: s1-reach", "severity is never S9; it is one of S1, S2, S3"),
        ("waiting.yaml", "  connect:\n", "  conect:\n", "goes on there"),
        ("prompts/en.yaml", 'time: "{day}', 'time: "{dayy}', "and {zone} are filled in"),
        ("queues.yaml", "music: hold.wav", "music: nothere.wav", "give a whole address, or hold.wav"),
        ("lines.yaml", "flow: support", 'flow: support\n    external: "+12065550160"', "only a certified line"),
        ("lines.yaml", 'fallback_number: "+12065550199"', 'fallback_number: "+18888988733"', "would dial itself"),
        ("waiting.yaml", "queue: decided", "queue: elsewhere", "Invalid enum value 'elsewhere'"),
        ("waiting.yaml", "    failed: queue-failed\n", "", "missing required field `failed`"),
        ("prompts/en.yaml", "{case_number}", "{case_no}", "nothing fills in {case_no}; there are case_number"),
        ("prompts/en.yaml", "{case_number}", "{case_number", "a brace is left open"),
        ("prompts/en.yaml", "{waited}", "{due}", "nothing fills in {due}; there are line, partner, severity, waited"),
        ("prompts/en.yaml", "is yours.", "{tier} is yours.", "nothing fills in {tier}; there are case_number"),
        ("prompts/en.yaml", "goodbye: Thank you for calling. Goodbye.", "goodbye: ''", "`goodbye`, which has no text"),
        ("prompts/en.yaml", "voice: Polly.Joanna", "voice: Polly.Lea", "the voice Polly.Lea speaks fr-FR, not en-US"),
        ("prompts/fr.yaml", "voice: Polly.Chantal", "voice: Polly.Nobody", "there is no voice Polly.Nobody"),
        ("prompts/fr.yaml", "ask_pid:", "ask_pit:", "speaks `ask_pid`, which has no text in prompts/fr.yaml"),
        ("prompts/fr.yaml", "team_us:", "team_usa:", "`team_us` has no text"),
        ("regions.yaml", 'opens: "05:00", closes: "18:00"', 'opens: "05:00", closes: "05:00"', "has no length"),
        ("regions.yaml", 'opens: "05:00"', 'opens: "5:00"', "Expected `str` matching regex"),
        ("regions.yaml", "zone: America/Los_Angeles", "zone: America/Los_Angels", "there is no time zone"),
        ("regions.yaml", "{country: US}", "{country: XX}", "there is no holiday calendar for XX"),
        ("regions.yaml", "fallback: [emea, apac]", "fallback: [emea, asia]", "there is no other region asia"),
        ("lines.yaml", "us\n    kinds: [certified]", "usa\n    kinds: [certified]", "there is no region usa"),
        ("lines.yaml", "flow: certified", "flow: certifed", "there is no flow certifed"),
        ("lines.yaml", '"+44 203 953 5407"', '"+44 207 096 6060"', "is already a number of EMEA support"),
        ("lines.yaml", "default: US support", "default: US suport", "there is no line US suport"),
        ("lines.yaml", "languages: [en, fr]", "languages: [en, xx]", "there is no prompts/xx.yaml"),
        ("lines.yaml", "name: EMEA certified", "name: US certified", "there are two lines US certified"),
        ("queues.yaml", "tier2-apac:", "tier2-pacific:", "the queue tier2-apac is missing"),
        ("queues.yaml", "tier1-us:", f"{'q' * 65}: {{tier: 1}}\n  tier1-us:", "is 65 characters long"),
        ("queues.yaml", "S1: 3, ", "", "S1 has no limit"),
        ("queues.yaml", "lines: {}", "lines: {EMEA suport: {S2: 9}}", "there is no line EMEA suport; name one of"),
        ("targets.yaml", "  S3: {", "  S4: {", "Invalid enum value 'S4'"),
        ("duty.yaml", 'opens: "22:00", closes: "07:00"', 'opens: "07:00", closes: "07:00"', "has no length"),
        ("duty.yaml", 'phone: "+12065550121"', 'phone: "555 0121"', "Expected `str` matching regex"),
        ("duty.yaml", "region: apac", "region: asia", "there is no region asia"),
        ("support.yaml", "nodes:", "nodes: [", "is not valid YAML"),
        ("support.yaml", "start: welcome", "start: welcome\nstart: welcome", "`start` stands here twice"),
    ],
)  # fmt: skip
def test_a_mistake_is_found(flows_dir: Path, file: str, old: str, new: str, says: str) -> None:
    line = edit(flows_dir, file, old, new)
    found = problems(flows_dir)
    assert any(says in problem for problem in found), found
    matching = [problem for problem in found if says in problem]
    assert all(re.match(r"^[\w/]+\.yaml:\d+: ", problem) for problem in matching)
    numbers = [int(problem.split(":")[1]) for problem in matching if problem.startswith(file)]
    # Something missing is told at what should hold it, which may begin far above.
    near = 150 if "has no text" in says or says == "goes on there" else 25
    assert not numbers or min(abs(number - line) for number in numbers) <= near, (line, matching)


def test_a_node_that_nobody_reaches(flows_dir: Path) -> None:
    with (flows_dir / "closed.yaml").open("a") as file:
        file.write("  island:\n    say: goodbye\n    then: goodbye\n")
    (problem,) = problems(flows_dir)
    assert "closed.yaml" in problem
    assert "nobody reaches this node" in problem


def test_all_mistakes_are_told_at_once(flows_dir: Path) -> None:
    edit(flows_dir, "regions.yaml", "zone: GMT", "zone: GMTT")
    edit(flows_dir, "identify.yaml", "say: pid_accepted", "say: nothing")
    edit(flows_dir, "duty.yaml", 'phone: "+12065550121"', "phone: 5")
    (flows_dir / "targets.yaml").unlink()
    files = {problem.split(":")[0] for problem in problems(flows_dir)}
    assert files >= {"regions.yaml", "identify.yaml", "duty.yaml", "targets.yaml"}


def test_a_file_that_is_no_text(flows_dir: Path) -> None:
    (flows_dir / "closed.yaml").write_bytes(b"\xff\xfe\x00")
    assert any("is not UTF-8 text" in problem for problem in problems(flows_dir))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path / "nowhere")
    assert "there is no folder" in problem


def test_a_change_of_any_file_is_a_new_revision(flows_dir: Path) -> None:
    before = content.load(flows_dir).revision
    edit(flows_dir, "prompts/en.yaml", "Goodbye.", "Good-bye.")
    assert content.load(flows_dir).revision != before


@pytest.mark.parametrize("word", ["no", "yes", "on", "off"])
def test_words_are_words(flows_dir: Path, word: str) -> None:
    """YAML 1.1 takes `no` for false; a support lead does not."""
    edit(flows_dir, "prompts/en.yaml", "pid_accepted: Thank you. We have your partner I D.", f"pid_accepted: {word}")
    assert content.load(flows_dir).wording["en"].texts["pid_accepted"] == word


def test_holidays_can_be_added_and_removed(flows_dir: Path) -> None:
    edit(
        flows_dir,
        "regions.yaml",
        "holidays: {country: US}",
        "holidays: {country: US, add: {2026-12-24: Christmas Eve}, remove: [2026-10-12]}",
    )
    region = content.load(flows_dir).regions["us"]
    assert region.holidays(2026).get(date(2026, 12, 24)) == "Christmas Eve"
    assert date(2026, 10, 12) not in region.holidays(2026)
