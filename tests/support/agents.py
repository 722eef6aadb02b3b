"""Agents for the tests: fictional people with phones, free to take calls unless told otherwise."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, update

from app.domain.agents import Agent, State
from app.exchange import Person
from app.store import tables
from tests.support.service import Row, Service

AMY, BEN, CARA, DAN = "+12065550161", "+12065550162", "+12065550163", "+12065550164"
NAMES = {AMY: "Amy", BEN: "Ben", CARA: "Cara", DAN: "Dan"}
REACHES = {name.lower(): reach for reach, name in NAMES.items()}
TAKES = Person(after=4, keys=("1",))
"""Answers after four seconds and presses 1."""


def hire(service: Service, reach: str, *queues: str, state: State = "available", code: str = "4711") -> str:
    """A new agent, who has been in this state since now. Returns the id."""
    now = service.now()
    name = NAMES[reach]
    agent = Agent(name.lower(), name, reach, queues, state, now, idle_since=now if state == "available" else None)
    values: dict[str, Any] = {field: getattr(agent, field) for field in Agent.__dataclass_fields__}
    with service.engine.begin() as connection:
        connection.execute(insert(tables.agents).values(**values, code=code))
        _look(connection, service)
    return agent.id


def is_now(service: Service, reach: str, state: State) -> None:
    """The agent changes to a state, as if by the desk."""
    idle = service.now() if state == "available" else None
    with service.engine.begin() as connection:
        changed = update(tables.agents).where(tables.agents.c.reach == reach)
        connection.execute(changed.values(state=state, since=service.now(), idle_since=idle))
        _look(connection, service)


def _look(connection: Connection, service: Service) -> None:
    """As whoever changes an agent does: the dispatcher looks at it."""
    connection.execute(insert(tables.jobs).values(name="dispatch", args="{}", at=service.now()))


def agent(service: Service, reach: str) -> Row:
    return service.row(tables.agents, reach=reach)


def state(service: Service, reach: str) -> str:
    found: str = agent(service, reach)["state"]
    return found


def answers(service: Service, **people: Person) -> None:
    """Who picks up, and how: `answers(service, amy=TAKES)`."""
    for name, person in people.items():
        service.exchange.people[REACHES[name]] = replace(person)
