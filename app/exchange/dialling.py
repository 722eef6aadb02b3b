"""Dial: people by their numbers, the front caller of a queue, or a conference. Without an action the next verb follows.

The action of a call that the service sends elsewhere meanwhile is not requested: nobody would run its document.
"""

from app.exchange.bridge import Bridge
from app.exchange.call import Call
from app.exchange.conferring import confer
from app.exchange.document import Document, Goto
from app.exchange.interrupts import Ending
from app.exchange.legs import Leg, Run, Watch, first_answer
from app.exchange.queues import Queue
from app.exchange.telling import inform
from app.exchange.verbs import Conference, Dial, QueueNoun, Target

Facts = dict[str, str]
"""What the action will be told; filled in as it becomes known, so that it is right whenever the caller hangs up."""


async def dial(call: Call, verb: Dial, here: Document, run: Run) -> Goto | None:
    """Connects the call. Where the action is to be requested."""
    facts: Facts = {"DialCallStatus": "canceled", "DialBridged": "false"}
    try:
        with call.waiting_for("dial"):
            await _connect(call, verb, here, run, facts)
    except Ending:
        call.status = call.status if call.is_ending else "completed"
        if goto := _action(verb, here, facts):
            await inform(call, goto)
        raise
    return _action(verb, here, facts)


async def _connect(call: Call, verb: Dial, here: Document, run: Run, facts: Facts) -> None:
    match verb.nouns[0]:
        case QueueNoun() as noun:
            await _queue(call, verb, noun, here, facts)
        case Conference() as noun:
            # "not for conference": neither a leg nor its duration, and nothing was bridged.
            facts.clear()
            facts["DialCallStatus"] = call.exchange.conference_dial_status
            await confer(call, noun, here, run, verb.time_limit)
        case _:
            await _people(call, verb, here, run, facts)


async def _people(call: Call, verb: Dial, here: Document, run: Run, facts: Facts) -> None:
    """All at once, or one after another."""
    targets = [noun for noun in verb.nouns if isinstance(noun, Target)]
    for together in [[target] for target in targets] if verb.sequential else [targets]:
        watch = Watch(call)
        legs = [Leg(call, target, here, verb.caller_id, watch) for target in together]
        facts["DialCallSid"] = legs[0].call.sid
        try:
            leg = await first_answer(legs, verb.timeout, run, watch)
            if leg:
                await _talk(call, leg, verb.time_limit, facts)
                return
        finally:
            _let_go(call, legs)
        statuses = [leg.status for leg in legs]
        facts["DialCallStatus"] = min(statuses, key=("no-answer", "busy", "failed", "canceled", "completed").index)


def _let_go(call: Call, legs: list[Leg]) -> None:
    """A leg that was sent elsewhere is no longer the caller's to end."""
    for leg in legs:
        if not leg.over and not leg.bridge.over:
            leg.bridge.end(besides=call)
            leg.call.cut("completed" if leg.answered else "canceled")


async def _talk(call: Call, leg: Leg, limit: int, facts: Facts) -> None:
    facts |= {"DialCallStatus": "completed", "DialCallSid": leg.call.sid, "DialBridged": "true"}
    leg.bridge.talks = limit
    try:
        await leg.bridge.talk(call)
    finally:
        # "or if a Child call is redirected to a new TwiML URL before being disconnected"
        if not leg.elsewhere:
            facts["DialCallDuration"] = str(leg.call.talked)


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
    front, bridge = queue[0], Bridge(queue.name, talks=verb.time_limit)
    bridge.sides.append(call)
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
