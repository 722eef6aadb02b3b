"""Agents that come from a file."""

from collections.abc import Iterable, Mapping

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.domain.agents import Agent
from app.store import agents
from app.store.database import Transaction
from app.store.tables import agents as table


class Taken(Exception):
    """Somebody else has added an agent of the same name or reach meanwhile."""


async def write(tx: Transaction, new: Iterable[Agent], changed: Iterable[Agent], codes: Mapping[str, str]) -> None:
    """Writes agents, each with the code of its id. Raises Taken, and then nothing may be committed."""
    changed = list(changed)
    # Two who swap their reaches would meet halfway: first each has its own id there, which is nobody's reach.
    ids = [agent.id for agent in changed]
    await tx.execute(update(table).where(table.c.id.in_(ids)).values(reach=table.c.id))
    try:
        for agent in changed:
            await agents.save(tx, agent)
            await agents.set_code(tx, agent.id, codes[agent.id])
        for agent in new:
            await agents.add(tx, agent, codes[agent.id])
    except IntegrityError as error:
        raise Taken(str(error.orig)) from error
