"""Agents, as rows and as what the rules know of them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import insert, select, update

from app.domain.agents import Agent
from app.store.database import Transaction
from app.store.tables import agents

FIELDS = [agents.c[name] for name in Agent.__dataclass_fields__]


def _agent(row: Any) -> Agent:
    return Agent(**row._mapping)


async def all_of_them(tx: Transaction) -> list[Agent]:
    return [_agent(row) for row in await tx.execute(select(*FIELDS).order_by(agents.c.name))]


async def locked(tx: Transaction, id_: str) -> Agent | None:
    """An agent whom nobody else changes until this transaction ends."""
    row = (await tx.execute(select(*FIELDS).where(agents.c.id == id_).with_for_update())).first()
    return _agent(row) if row else None


async def lock(tx: Transaction, ids: Iterable[str]) -> None:
    """In the order of their ids, as `all_locked` does: so two who lock the same agents wait, and neither for ever."""
    await tx.execute(select(agents.c.id).where(agents.c.id.in_(list(ids))).order_by(agents.c.id).with_for_update())


async def all_locked(tx: Transaction) -> list[Agent]:
    return [_agent(row) for row in await tx.execute(select(*FIELDS).order_by(agents.c.id).with_for_update())]


async def save(tx: Transaction, agent: Agent) -> None:
    values = {name: value for name, value in asdict(agent).items() if name != "id"}
    await tx.execute(update(agents).where(agents.c.id == agent.id).values(**values))


async def add(tx: Transaction, agent: Agent, code: str) -> None:
    """A new agent. Raises IntegrityError where the name or the reach is another's."""
    await tx.execute(insert(agents).values(**asdict(agent), code=code))


async def codes(tx: Transaction) -> Mapping[str, str]:
    """Each agent's code, by id."""
    rows = await tx.execute(select(agents.c.id, agents.c.code))
    return {row.id: row.code for row in rows}


async def set_code(tx: Transaction, id_: str, code: str) -> None:
    await tx.execute(update(agents).where(agents.c.id == id_).values(code=code))
