"""An agent has the service ring once, to see that the reach is right. The leg's purpose `verify`; 1 confirms."""

from app.flows.turn import Hangup, Heard, Keyed
from app.runtime import Runtime
from app.services import legs, offers, spoken
from app.store import agents, events
from app.store.database import Transaction
from app.store.rows import Row

SECONDS_OF_RINGING = 20


async def ring_once(runtime: Runtime, tx: Transaction, agent_id: str) -> None:
    """Rings an agent's own phone. Raises KeyError for an agent who is none."""
    agent = await agents.locked(tx, agent_id)
    if agent is None:
        raise KeyError(agent_id)
    shown = offers.shown_for(runtime, agent.queues[0] if agent.queues else "")
    await legs.plan(runtime, tx, legs.Plan("verify", agent_id, agent.reach, shown, SECONDS_OF_RINGING))


async def wanted(runtime: Runtime, tx: Transaction, subject: str) -> bool:
    return await agents.locked(tx, subject) is not None


async def answered(runtime: Runtime, leg: Row) -> str:
    said = spoken.say(runtime, runtime.flows.lines.default.name, "verify_reach")
    return spoken.document((spoken.one_key(said), Hangup()), legs.next_url(runtime, leg))


async def keyed(runtime: Runtime, leg: Row, heard: Heard) -> str:
    if not (isinstance(heard, Keyed) and heard.keys.startswith("1")):
        return spoken.hang_up()
    async with runtime.database.transaction() as tx:
        await events.note(tx, runtime.now(), "reach verified", f"agent {leg['subject']}")
    return spoken.hang_up(spoken.say(runtime, runtime.flows.lines.default.name, "reach_verified"))


async def over(runtime: Runtime, tx: Transaction, leg: Row, status: str) -> None:
    """Nothing follows: who does not press 1 is not verified."""
