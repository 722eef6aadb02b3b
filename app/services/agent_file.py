"""The agents' file: `name,reach,queues,code`, queues separated by `;`. CSV in, checked rows out."""

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, BinaryIO

from app.domain import agents as rules
from app.domain.agents import Agent
from app.domain.lines import Lines, digits_of
from app.flows.flow import Flows
from app.services import csv_table
from app.services.csv_table import Problem, Refused, Row, Table, closest, shown
from app.services.partner_cells import name

COLUMNS = ("name", "reach", "queues", "code")
# Two agents alike in one of these could not be told apart.
UNIQUE = ("name", "reach", "code")

_CODE = re.compile("[0-9]{4,10}")
_SPREADSHEET_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")


def read(source: BinaryIO, flows: Flows) -> Table:
    """The file, with every problem that it has by itself."""
    table = csv_table.read(
        source,
        {
            "name": name,
            "reach": partial(reach, lines=flows.lines),
            "queues": partial(queues, known=flows.queues),
            "code": code,
        },
    )
    for column in UNIQUE:
        table.refuse(csv_table.twice(table.rows, column))
    return table


def reach(text: str, lines: Lines) -> str:
    """Where an agent is rung. One of our own lines would ring whoever is rung for it."""
    text = text.strip()
    if not text:
        raise Refused("is empty")
    if _SPREADSHEET_NUMBER.fullmatch(text):
        raise Refused(f"{shown(text)} is a number that a spreadsheet has rewritten; format the column as text")
    found = rules.parse_reach(text)
    if isinstance(found, rules.Refusal):
        raise Refused(f"{shown(text)} cannot be rung; {found.reason}")
    line = lines.by_number.get(digits_of(found)) if found.startswith("+") else None
    if line is not None:
        raise Refused(f"{shown(text)} is the line {line.name}; give the agent's own telephone")
    return found


def queues(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """The queues served, each once."""
    names = list(known)
    parts = [part for part in map(str.strip, text.split(";")) if part]
    if not parts:
        raise Refused(f"is empty; {closest('', names)}")
    wrong = [f"{shown(part)} is no queue; {closest(part, names)}" for part in parts if part not in names]
    if wrong:
        raise Refused("; ".join(wrong))
    return tuple(dict.fromkeys(parts))


def code(text: str) -> str:
    """The code is the agent's secret: no message repeats it."""
    text = text.strip()
    if not _CODE.fullmatch(text):
        raise Refused("is no code; give 4 to 10 digits" if text else "is empty; give 4 to 10 digits")
    return text


def clashes(rows: Iterable[Row], known: Iterable[Agent], codes: Mapping[str, str]) -> list[Problem]:
    """What a row has in common with an agent who is not in the file. `codes`: those of the agents known, by id."""
    rows = list(rows)
    named = {row.values.get("name") for row in rows}
    others = [agent for agent in known if agent.name not in named]
    taken: dict[tuple[str, Any], str] = {("reach", agent.reach): agent.name for agent in others}
    taken |= {("code", codes[agent.id]): agent.name for agent in others}
    return [
        Problem(row.line, column, f"is {whose}'s already, who is not in the file")
        for row in rows
        for column in ("reach", "code")
        if (whose := taken.get((column, row.values.get(column)))) is not None
    ]
