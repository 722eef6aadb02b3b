"""Enqueue: a place in a queue, wait documents over and over, and how it ended."""

from app.exchange.bridge import Bridge
from app.exchange.call import Call
from app.exchange.document import Document, Goto
from app.exchange.events import Music, Silence
from app.exchange.failures import EndlessLoop, Failure
from app.exchange.interrupts import BridgeEnded, Ending, LeftQueue, Redirected, TakenFromQueue
from app.exchange.legs import Run
from app.exchange.queues import Queue
from app.exchange.telling import inform
from app.exchange.verbs import Enqueue


async def enqueue(call: Call, verb: Enqueue, here: Document, run: Run) -> Goto | None:
    """Waits. Where the action is to be requested, with the queue's result; without an action the next verb follows."""
    queue = call.exchange.queue(verb.name)
    queue.max_size = verb.max_queue_size or queue.max_size
    if len(queue) >= queue.max_size:
        return _action(verb, here, {"QueueResult": "queue-full"})
    queue.join(call)
    facts = {"QueueResult": "hangup", "QueueSid": queue.sid}
    try:
        await _until_out(call, verb, here, run, queue, facts)
    except Ending:
        call.status = call.status if call.is_ending else "completed"
        if goto := _action(verb, here, facts):
            await inform(call, goto)
        raise
    except Redirected as redirected:
        facts["QueueResult"] = _result(call, facts, redirected)
        if goto := _action(verb, here, facts):
            return await _sent_elsewhere(call, goto, redirected)
        raise
    return _action(verb, here, facts)


async def _sent_elsewhere(call: Call, goto: Goto, redirected: Redirected) -> Goto:
    """The action is requested all the same. Which document then counts is not documented, so it is a setting."""
    if call.exchange.queue_action_counts:
        return goto
    if late := call.exchange.misbehaviour.queue_action_late:
        call.exchange.later(late, lambda: inform(call, goto))
    else:
        await inform(call, goto)
    raise redirected


async def _until_out(call: Call, verb: Enqueue, here: Document, run: Run, queue: Queue, facts: dict[str, str]) -> None:
    """Fills in the result as it becomes known, so that it is right whenever the caller hangs up."""
    try:
        with call.waiting_for("queue"):
            await _wait(call, verb, here, run, queue)
    except LeftQueue:
        facts["QueueResult"] = "leave"
    except TakenFromQueue as taken:
        facts |= {"QueueResult": "bridged", "QueueTime": str(queue.waited(call))}
        await _bridged(call, taken.bridge, run)
    except EndlessLoop:
        raise
    except Failure as failure:
        call.errors.append(failure)
        facts["QueueResult"] = "error"
    finally:
        facts.setdefault("QueueTime", str(queue.waited(call)))
        queue.leave(call)


def _result(call: Call, facts: dict[str, str], redirected: Redirected) -> str:
    if facts["QueueResult"] == "bridged":
        return "redirected-from-bridged"
    return call.exchange.dequeue_result if redirected.dequeued else "redirected"


async def _wait(call: Call, verb: Enqueue, here: Document, run: Run, queue: Queue) -> None:
    """Only an interrupt ends it: the wait document is requested anew whenever it runs out."""
    if not verb.wait_url:
        call.hear(Music() if verb.wait_url is None else Silence(0))
        await call.pass_time(None, quiet=True)
        return
    while True:
        call.checkpoint()
        try:
            await run(call, here.goto(verb.wait_url, verb.wait_url_method, queue.facts(call)), "queue")
        except Failure:
            # Who was taken out meanwhile has no need of it.
            call.checkpoint()
            raise


async def _bridged(call: Call, bridge: Bridge, run: Run) -> None:
    """What the front caller hears first, then the conversation."""
    try:
        if bridge.whisper:
            await run(call, bridge.whisper, "front")
        await bridge.talk(call)
    except BridgeEnded:
        pass
    finally:
        bridge.end(besides=call)
        call.forget(BridgeEnded)


def _action(verb: Enqueue, here: Document, facts: dict[str, str]) -> Goto | None:
    return here.goto(verb.action, verb.method, facts) if verb.action else None
