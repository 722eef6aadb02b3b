"""Reads a Dockerfile, a .dockerignore and a compose file as the tools would, as far as ours use them."""

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any


@dataclass(frozen=True)
class Instruction:
    """A line of a Dockerfile, continuations joined."""

    word: str
    rest: str

    @property
    def flags(self) -> dict[str, str]:
        return dict(part[2:].split("=", 1) for part in shlex.split(self.rest) if re.match(r"--\w+=", part))

    @property
    def arguments(self) -> list[str]:
        return [part for part in shlex.split(self.rest) if not re.match(r"--\w+=", part)]


def dockerfile(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile, in order."""
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines()]


def ignored(path: str, patterns: Iterable[str]) -> bool:
    """Whether a .dockerignore leaves the path out: the last pattern that fits it, or a folder above it, decides."""
    answer = False
    for pattern in patterns:
        if _fits(path, pattern.lstrip("!").strip("/")):
            answer = not pattern.startswith("!")
    return answer


def _fits(path: str, pattern: str) -> bool:
    places = [PurePosixPath(path), *PurePosixPath(path).parents][:-1]
    if pattern.startswith("**/"):
        return any(fnmatch(place.name, pattern.removeprefix("**/")) for place in places)
    return any(
        len(place.parts) == len(PurePosixPath(pattern).parts) and fnmatch(str(place), pattern) for place in places
    )


class Refused(Exception):
    """A variable that the compose file requires is missing."""


VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?:(?P<how>:?[-?])(?P<word>[^}]*))?\})")


def interpolate(value: Any, environment: Mapping[str, str]) -> Any:
    """A compose document with its `${…}` replaced. Raises Refused with the message behind a `:?`."""
    match value:
        case dict():
            return {key: interpolate(each, environment) for key, each in value.items()}
        case list():
            return [interpolate(each, environment) for each in value]
        case str():
            return VARIABLE.sub(lambda found: _replacement(found, environment), value)
        case _:
            return value


def _replacement(found: re.Match[str], environment: Mapping[str, str]) -> str:
    name, how, word = found["name"], found["how"] or "", found["word"]
    if name is None:
        return "$"
    if name in environment and (environment[name] or not how.startswith(":")):
        return environment[name]
    if how.endswith("?"):
        raise Refused(f"{name}: {word}")
    return word or ""
