"""What a waiting caller wishes, beyond waiting."""

from app.flows import asks
from app.flows.asks import Answer
from app.runtime import Runtime
from app.store import places


async def wants_callback(runtime: Runtime, call_sid: str) -> Answer:
    """The caller keeps the place and leaves the music. Committed at once; asking twice changes nothing more."""
    async with runtime.database.transaction() as tx:
        there = await places.change(tx, call_sid, leaves=True)
    return asks.Done() if there else asks.Unavailable()
