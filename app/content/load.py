"""All of `ivr_flows/`, joined and checked. Either everything is right, or ContentError lists every mistake."""

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from app.content import calendars, shapes, voices
from app.content.problems import ContentError, Problem
from app.content.source import Source
from app.domain.duty import Ladder
from app.domain.lines import Lines, all_lines, digits_of
from app.domain.regions import Region
from app.domain.routing import SEVERITIES, Severity
from app.domain.targets import Target
from app.domain.waiting import WaitingRules
from app.flows.check import mistakes
from app.flows.flow import Flows, Queue, Wording
from app.flows.nodes import KINDS, Node

FACTS = ("regions", "lines", "queues", "targets", "duty")
NOT_FLOWS = {*FACTS, "promises"}
LONGEST_QUEUE_NAME = 64
OWN_MUSIC = "hold.wav"
ON_CALL = ("tier1-oncall", "tier2-oncall")


def load(root: Path) -> Flows:
    """The flows and the facts of a folder. Raises ContentError with every mistake in it."""
    if not root.is_dir():
        raise ContentError([Problem(root.name, 0, f"there is no folder {root}; set PARTNERLINE_FLOWS_DIR")])
    return _Loading(root).flows()


class _Loading:
    """One reading of the folder. Each part adds to the problems and goes on, so that all are found at once."""

    def __init__(self, root: Path) -> None:
        self.sources = {
            path.relative_to(root).with_suffix("").as_posix(): Source(path, root)
            for path in sorted([*root.glob("*.yaml"), *root.glob("prompts/*.yaml")])
        }
        self.root = root
        self.problems: list[Problem] = []

    def flows(self) -> Flows:
        missing = [name for name in FACTS if name not in self.sources]
        self.problems += [Problem(f"{name}.yaml", 0, "is missing; put it back") for name in missing]
        regions, wording = self._regions(), dict(self._wording())
        lines, queues, waiting = self._lines(regions), *self._queues(regions)
        targets = self._targets()
        ladders = tuple(self._ladders(regions))
        nodes, starts = self._nodes()
        if lines:
            self._check_lines(lines, regions, starts, wording)
            self._check_flows(nodes, starts, lines, wording)
        for source in self.sources.values():
            self.problems += source.problems
        if self.problems or lines is None or waiting is None:
            raise ContentError(self.problems)
        shape = self.sources["lines"].as_(shapes.LinesShape)
        return Flows(
            revision=self._revision(),
            nodes=nodes,
            starts=starts,
            lines=lines,
            regions=regions,
            ladders=ladders,
            targets=targets,
            queues=queues,
            waiting=waiting,
            wording=wording,
            fallback_number=shapes.compact(shape.fallback_number) if shape else "",
        )

    def _revision(self) -> str:
        digest = hashlib.sha256()
        for name in sorted(self.sources):
            digest.update(name.encode() + b"\0" + (self.root / f"{name}.yaml").read_bytes() + b"\0")
        return digest.hexdigest()[:10]

    def _regions(self) -> dict[str, Region]:
        source = self.sources.get("regions")
        shape = source.as_(shapes.RegionsShape) if source else None
        if source is None or shape is None:
            return {}
        regions = {}
        for name, region in shape.regions.items():
            try:
                regions[name] = self._region(name, region, list(shape.regions))
            except ValueError as error:
                source.problem(("regions", name, *_place_of(error)), str(error))
        return regions

    def _region(self, name: str, shape: shapes.RegionShape, known: list[str]) -> Region:
        for other in shape.fallback:
            if other not in known or other == name:
                raise ValueError(f"fallback: there is no other region {other}; there are {', '.join(known)}")
        if not shape.hours:
            raise ValueError("hours: a region without hours is never open; give it at least one window")
        return Region(
            name=name,
            zone=shapes.zone(shape.zone),
            countries=shape.countries,
            windows=tuple(window.window() for window in shape.hours),
            fallback=shape.fallback,
            holidays=calendars.calendar(shape.holidays),
            outbound_number=shapes.compact(shape.outbound_number),
            desk_number=shapes.compact(shape.desk_number),
        )

    def _lines(self, regions: dict[str, Region]) -> Lines | None:
        source = self.sources.get("lines")
        shape = source.as_(shapes.LinesShape) if source else None
        if source is None or shape is None:
            return None
        names = [line.name for line in shape.lines]
        if shape.default not in names:
            source.problem(("default",), f"there is no line {shape.default}; name one of {', '.join(names)}")
            return None
        desks = {name: region.desk_number for name, region in regions.items()}
        return all_lines([line.line() for line in shape.lines], shape.default, desks)

    def _check_lines(
        self, lines: Lines, regions: dict[str, Region], starts: dict[str, str], wording: dict[str, Wording]
    ) -> None:
        source = self.sources["lines"]
        shape = source.as_(shapes.LinesShape)
        owners: dict[str, str] = {}
        for index, line in enumerate(shape.lines if shape else ()):
            say = partial(source.problem, ("lines", index))
            for number in line.numbers:
                if shape and digits_of(number) == digits_of(shape.fallback_number):
                    say(f"numbers: {number} is also the fallback number, which would dial itself; change one of them")
                owner = owners.setdefault(digits_of(number), line.name)
                if owner != line.name or line.numbers.count(number) > 1:
                    say(f"numbers: {number} is already a number of {owner}; a number has one line")
            if lines.by_name[line.name].region != line.region:
                say(f"name: there are two lines {line.name}; give one another name")
            if line.region not in regions and regions:
                say(f"region: there is no region {line.region}; there are {', '.join(regions)}")
            if line.external and "certified" not in line.kinds:
                say("external: only a certified line can be external; take it off, or make the line certified")
            if line.flow not in starts:
                say(f"flow: there is no flow {line.flow}; there are {', '.join(sorted(starts))}")
            for language in line.languages:
                if language not in wording and f"prompts/{language}" not in self.sources:
                    say(f"languages: there is no prompts/{language}.yaml; write it, or take the language off")
        self._check_limits(lines)

    def _check_limits(self, lines: Lines) -> None:
        """Limits of a single line are those of a line there is."""
        source = self.sources.get("queues")
        shape = source.as_(shapes.QueuesShape) if source else None
        known = ", ".join(lines.by_name)
        for name in shape.waiting.lines if shape else ():
            if source and name not in lines.by_name:
                source.problem(("waiting", "lines", name), f"there is no line {name}; name one of {known}")

    def _queues(self, regions: dict[str, Region]) -> tuple[dict[str, Queue], WaitingRules | None]:
        source = self.sources.get("queues")
        shape = source.as_(shapes.QueuesShape) if source else None
        if source is None or shape is None:
            return {}, None
        for name, queue in shape.queues.items():
            if len(name) > LONGEST_QUEUE_NAME:
                source.problem(("queues", name), f"is {len(name)} characters long; the provider takes at most 64")
            if queue.region is not None and regions and queue.region not in regions:
                source.problem(("queues", name), f"there is no region {queue.region}; there are {', '.join(regions)}")
        needed = [f"tier{tier}-{region}" for region in regions for tier in (1, 2)]
        for name in (*needed, *ON_CALL):
            if name not in shape.queues:
                source.problem(("queues",), f"the queue {name} is missing, and calls are routed to it; add it")
        waiting = self._waiting(source, shape.waiting)
        return {name: Queue(name, q.tier, q.region) for name, q in shape.queues.items()}, waiting

    def _waiting(self, source: Source, shape: shapes.WaitingShape) -> WaitingRules:
        for severity in SEVERITIES:
            if severity not in shape.limits:
                source.problem(("waiting", "limits"), f"{severity} has no limit; give it one in minutes")
        if "://" not in shape.music and shape.music != OWN_MUSIC:
            source.problem(("waiting", "music"), f"give a whole address, or {OWN_MUSIC}, which comes with the service")
        return shape.rules()

    def _targets(self) -> dict[Severity, Target]:
        source = self.sources.get("targets")
        shape = source.as_(shapes.TargetsShape) if source else None
        if source is None or shape is None:
            return {}
        for severity in SEVERITIES:
            if severity not in shape.targets:
                source.problem(("targets",), f"{severity} has no target; add it")
        return {name: target.target() for name, target in shape.targets.items()}

    def _ladders(self, regions: dict[str, Region]) -> Iterator[Ladder]:
        source = self.sources.get("duty")
        shape = source.as_(shapes.DutyShape) if source else None
        if source is None or shape is None:
            return
        for index, ladder in enumerate(shape.ladders):
            if regions and ladder.region not in regions:
                names = ", ".join(regions)
                source.problem(("ladders", index, "region"), f"there is no region {ladder.region}; there are {names}")
            try:
                yield ladder.ladder()
            except ValueError as error:
                source.problem(("ladders", index, "window"), str(error))
        for tier in (1, 2):
            if all(ladder.tier != tier for ladder in shape.ladders):
                source.problem(("ladders",), f"nobody is on duty for tier {tier}; add a ladder")

    def _wording(self) -> Iterator[tuple[str, Wording]]:
        for name, source in self.sources.items():
            folder, _, language = name.rpartition("/")
            if folder != "prompts" or (shape := source.as_(shapes.WordingShape)) is None:
                continue
            if (misfit := voices.misfit(shape.voice, shape.locale)) is not None:
                source.problem(("voice",), misfit)
            yield (
                language,
                Wording(language, shape.locale, shape.voice, shape.prompts, shape.days, shape.months, shape.time),
            )

    def _nodes(self) -> tuple[dict[str, Node], dict[str, str]]:
        nodes: dict[str, Node] = {}
        starts: dict[str, str] = {}
        for flow, source in self.sources.items():
            if "/" in flow or flow in NOT_FLOWS or (shape := source.as_(shapes.FlowShape)) is None:
                continue
            starts[flow] = f"{flow}.{shape.start}"
            if shape.start not in shape.nodes:
                source.problem(("start",), f"there is no node {shape.start}; name one of this file")
            for name, fields in shape.nodes.items():
                if node := self._node(source, name, fields):
                    nodes[f"{flow}.{name}"] = node
        return nodes, starts

    def _node(self, source: Source, name: str, fields: dict[str, object]) -> Node | None:
        at = ("nodes", name)
        # `say` is a kind, and also what some other kinds may do: the more special key names the kind.
        kinds = [key for key in fields if key in KINDS and key != "say"] or [key for key in fields if key in KINDS]
        if "." in name:
            source.problem(at, "a node's name has no dot: a dot stands between a flow and its node")
        if len(kinds) != 1:
            what = "is of no kind" if not kinds else f"is of several kinds ({', '.join(kinds)})"
            source.problem(at, f"{what}; give it one of {', '.join(sorted(KINDS))}")
            return None
        return source.as_(KINDS[kinds[0]], fields, at)

    def _check_flows(
        self, nodes: dict[str, Node], starts: dict[str, str], lines: Lines, wording: dict[str, Wording]
    ) -> None:
        used = {line.flow for line in lines.by_name.values()}
        spoken = {language for line in lines.by_name.values() for language in line.languages}
        texts = {language: words.texts for language, words in wording.items() if language in spoken}
        for language in spoken & wording.keys():
            self._check_time(language, wording[language])
        for mistake in mistakes(nodes, starts, used, texts):
            if mistake.language:
                self.sources[f"prompts/{mistake.language}"].problem(("prompts", mistake.node), mistake.what)
            else:
                flow, _, node = mistake.node.partition(".")
                source = self.sources.get(flow) or self.sources["lines"]
                source.problem(("nodes", node), mistake.what)
        self._check_names(lines, wording)

    def _check_time(self, language: str, wording: Wording) -> None:
        """A moment must be speakable in every language of a line."""
        try:
            wording.time.format(day="", date=0, month="", hour="", zone="")
        except (KeyError, IndexError, ValueError):
            names = "{day}, {date}, {month}, {hour} and {zone}"
            self.sources[f"prompts/{language}"].problem(("time",), f"only {names} are filled in")

    def _check_names(self, lines: Lines, wording: dict[str, Wording]) -> None:
        """Every region has a name to be spoken, for its team and for its time."""
        names = self.sources["regions"].as_(shapes.RegionsShape) if "regions" in self.sources else None
        for language in sorted({x for line in lines.by_name.values() for x in line.languages} & wording.keys()):
            for region in names.regions if names else ():
                for prompt in (f"team_{region}", f"zone_{region}"):
                    if not wording[language].texts.get(prompt):
                        source = self.sources[f"prompts/{language}"]
                        source.problem(
                            ("prompts",), f"`{prompt}` has no text; say what the region's team and time are called"
                        )


def _place_of(error: ValueError) -> tuple[str, ...]:
    """The key of a region that an error speaks of, so that its line is found."""
    text = str(error)
    if text.startswith("a window"):
        return ("hours",)
    if "time zone" in text:
        return ("zone",)
    return ("holidays",) if "holiday" in text else ("fallback",) if text.startswith("fallback") else ()
