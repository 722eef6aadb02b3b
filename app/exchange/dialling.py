"""Dial: people by their numbers, or the front caller of a queue. Without an action the next verb follows."""

from app.exchange.bridge import Bridge
from app.exchange.call import Call
from app.exchange.document import Document, Goto
from app.exchange.events import Connected
from app.exchange.failures import Failure
from app.exchange.interrupts import Ending
from app.exchange.legs import Leg, first_answer
from app.exchange.queueing import Run
from app.exchange.queues import Queue
from app.exchange.verbs import Conference, Dial, QueueNoun, Target
from app.exchange.webhooks import inform

Facts = dict[str, str]
"""What the action will be told; filled in as it becomes known, so that it is right whenever the caller hangs up."""


async def dial(call: Call, verb: Dial, here: Document, run: Run) -> Goto | None:
    """Connects the call. Where the action is to be requested."""
    facts: Facts = {"DialCallStatus": "canceled", "DialBridged": "false"}
    try:
        with call.waiting_for("dial"):
            await _connect(call, verb, here, run, facts)
    except Ending:
        call.status = "completed"
        if goto := _action(verb, here, facts):
            await inform(call, goto)
        raise
    return _action(verb, here, facts)


async def _connect(call: Call, verb: Dial, here: Document, run: Run, facts: Facts) -> None:
    match verb.nouns[0]:
        case QueueNoun() as noun:
            await _queue(call, verb, noun, here, facts)
        case Conference():
            raise Failure(0, here.url, "this exchange has no conferences yet")
        case _:
            await _people(call, verb, here, run, facts)


async def _people(call: Call, verb: Dial, here: Document, run: Run, facts: Facts) -> None:
    """All at once, or one after another."""
    targets = [noun for noun in verb.nouns if isinstance(noun, Target)]
    for together in [[target] for target in targets] if verb.sequential else [targets]:
        legs = [Leg(call, target, here, verb.caller_id) for target in together]
        facts["DialCallSid"] = legs[0].call.sid
        leg = await first_answer(call, legs, verb.timeout)
        if leg and await _screened(leg, run):
            await _talk(call, leg, verb.time_limit, facts)
            return
        statuses = [leg.call.status for leg in legs]
        facts["DialCallStatus"] = min(statuses, key=("no-answer", "busy", "failed", "canceled").index)


async def _screened(leg: Leg, run: Run) -> bool:
    """Runs the whisper on the callee. Not to be connected if that hangs up; we report such a leg as not answered."""
    if not leg.target.url:
        return True
    try:
        await run(leg.call, leg.here.goto(leg.target.url, leg.target.method), "callee")
    except Ending:
        leg.ended("no-answer")
    except Failure as failure:
        leg.parent.errors.append(failure)
        leg.ended("failed")
    return not leg.call.over


async def _talk(call: Call, leg: Leg, limit: int, facts: Facts) -> None:
    facts |= {"DialCallStatus": "completed", "DialCallSid": leg.call.sid, "DialBridged": "true"}
    talks = min(limit, limit if leg.person.talks is None else leg.person.talks)
    leg.call.hear(Connected(call.caller))
    try:
        await Bridge(leg.target.address, call, talks=talks).talk(call)
    finally:
        facts["DialCallDuration"] = str(leg.talked)
        leg.ended("completed")


async def _queue(call: Call, verb: Dial, noun: QueueNoun, here: Document, facts: Facts) -> None:
    """The front caller, or whoever comes within the timeout."""
    queue = call.exchange.queues.get(noun.name)
    if queue is None:
        facts["DialCallStatus"] = "failed"
        return
    await _somebody_waits(call, queue, verb.timeout)
    if not queue:
        facts["DialCallStatus"] = "no-answer"
        return
    front, bridge = queue[0], Bridge(queue.name, call, talks=verb.time_limit)
    waited = {"QueueSid": queue.sid, "QueueTime": str(queue.waited(front))}
    if noun.url:
        bridge.whisper = here.goto(noun.url, noun.method, waited | {"DequeingCallSid": call.sid})
    queue.take_front(bridge)
    facts |= waited | {"DialCallStatus": "completed", "DialCallSid": front.sid, "DialBridged": "true"}
    began = call.seconds
    try:
        await bridge.talk(call)
    finally:
        facts["DialCallDuration"] = str(int(call.seconds - began))


async def _somebody_waits(agent: Call, queue: Queue, timeout: float) -> None:
    limit = agent.seconds + timeout
    queue.agents.append(agent)
    try:
        while not queue and agent.seconds < limit:
            await agent.pass_time(limit - agent.seconds, quiet=True)
    finally:
        queue.agents.remove(agent)


def _action(verb: Dial, here: Document, facts: Facts) -> Goto | None:
    return here.goto(verb.action, verb.method, facts) if verb.action else None
