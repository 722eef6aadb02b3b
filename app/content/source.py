"""One YAML file. Values are read without the traps of YAML 1.1: `no` is a word, `05:00` is a time, a key is a text."""

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from app.content.problems import Problem

T = TypeVar("T")
Path_ = tuple[str | int, ...]
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")


class _Loader(yaml.CSafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if key in mapping:
                raise yaml.constructor.ConstructorError(
                    None, None, f"`{key}` stands here twice; keep one of them", key_node.start_mark
                )
            mapping[key] = self.construct_object(value_node, deep=True)
        return mapping


_Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?[0-9]+\.[0-9]+$", "-+0123456789"),
    ("null", r"^(?:~|null|)$", "~n\0"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(pattern), [*first, ""] if tag == "null" else list(first)
    )


class Source:
    """A file's values, and where they stand."""

    def __init__(self, path: Path, root: Path) -> None:
        self.name = path.relative_to(root).as_posix()
        self.problems: list[Problem] = []
        self._text = self._read(path)
        self.values: Any = self._parse()

    def _read(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            self._add(0, f"cannot be read ({error.strerror}); put it back, or correct its permissions")
        except UnicodeDecodeError:
            self._add(0, "is not UTF-8 text; save it as UTF-8")
        return ""

    def _parse(self) -> Any:
        if self.problems:
            return None
        try:
            return yaml.load(self._text, _Loader)  # noqa: S506 because _Loader is a safe loader
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            self._add(line, f"is not valid YAML: {error.problem}")
        except yaml.YAMLError as error:
            self._add(0, f"is not valid YAML: {' '.join(str(error).split())}")
        return None

    def as_(self, shape: type[T], value: Any = msgspec.UNSET, at: Path_ = ()) -> T | None:
        """A value of the file in a shape; None, and a problem more, where it does not fit."""
        if self.problems and self.values is None:
            return None
        try:
            return msgspec.convert(self.values if value is msgspec.UNSET else value, shape)
        except msgspec.ValidationError as error:
            what, _, path = str(error).partition(" - at `")
            self.problem((*at, *_steps(path.rstrip("`"))), what)
        except ValueError as error:
            self.problem(at, str(error))
        return None

    def problem(self, at: Path_, what: str) -> None:
        where = ".".join(str(step) for step in at)
        self._add(self.line(at), f"{where}: {what}" if where else what)

    def _add(self, line: int, what: str) -> None:
        self.problems.append(Problem(self.name, line, what))

    def line(self, at: Path_) -> int:
        """The line on which the value at a path stands, or the nearest one around it. Slow: only for problems."""
        try:
            node = yaml.compose(self._text, yaml.SafeLoader)
        except yaml.YAMLError:
            return 0
        line = 1
        for step in at:
            node, found = _child(node, step)
            if found is None:
                break
            line = found
        return line


def _child(node: Any, step: str | int) -> tuple[Any, int | None]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line + 1
    return node, None


def _steps(path: str) -> Path_:
    """`$.lines[2].region` as steps. A step through a mapping's values, which msgspec writes `[...]`, ends it."""
    steps: list[str | int] = []
    for name, index in _STEP.findall(path):
        if index == "...":
            break
        steps.append(name or int(index))
    return tuple(steps)
