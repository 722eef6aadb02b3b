"""One turn of a conversation: `step(flows, session, heard, now) -> Turn`.

It runs from one wait to the next. Where a node needs something from outside the turn comes back with an `ask`; whoever
called answers it by stepping again, with the answer as what was heard. Nothing here knows what a webhook is.
"""

from dataclasses import replace
from datetime import datetime

from app.domain.lines import Line
from app.flows import asks, drafts
from app.flows.flow import Flows
from app.flows.nodes.base import Asks, Go, Here, Step, Wait
from app.flows.session import Session, Way, change
from app.flows.turn import Began, Directive, Heard, HungUp, Turn

# Far above what any flow needs between two waits. A flow that goes round for ever stops here; `flows check` finds it.
NODES_PER_TURN = 60
# Where a conversation stands that is over.
HUNG_UP = "(hung up)"
# Where one goes on that cannot go on anywhere else. `flows check` sees to it that the node is there.
CONNECT = "waiting.connect"


class LostConversation(Exception):
    """The conversation cannot go on from here: its node is gone, or it heard what it has no use for."""


def begin(flows: Flows, line: Line) -> Session:
    """The session of a call that has just reached a line."""
    return Session(flows.revision, line.name, flows.starts[line.flow])


def step(flows: Flows, session: Session, heard: Heard, now: datetime) -> Turn:
    """The next turn. Raises LostConversation where the caller must be connected without more questions."""
    if isinstance(heard, Began):
        first: Step | None = Go(session.node, session)
    elif session.node == HUNG_UP:
        return Turn(session)
    else:
        first = _hear(flows, session, heard, now)
    if first is None:
        raise LostConversation(f"{session.node} has no use for {type(heard).__name__}")
    return _run(flows, first, now, flow=session.node.partition(".")[0])


def _hear(flows: Flows, session: Session, heard: Heard, now: datetime) -> Step | None:
    node = flows.nodes.get(session.node)
    if node is None and isinstance(heard, HungUp):
        return _hang_up(Here(flows, session, now))
    if node is None:
        raise LostConversation(f"there is no node {session.node}")
    here = Here(flows, session, now)
    if isinstance(heard, HungUp):
        hung_up = getattr(node, "hung_up", None) if session.recorded_seconds else None
        return Go(hung_up, session) if hung_up else node.hear(here, heard) or _hang_up(here)
    return node.hear(here, heard)


def _hang_up(here: Here) -> Step:
    """Wherever a caller hangs up: a case nobody took yet is marked abandoned, an identified caller leaves a stub."""
    session = change(here.session, node=HUNG_UP)
    if here.session.case or here.session.way:
        return Asks(asks.CaseLeft(here.session.case), session)
    if here.session.partner:
        return Asks(drafts.abandoned(here), session)
    return Wait(session, ())


def _run(flows: Flows, first: Step, now: datetime, flow: str) -> Turn:
    current: Step = first
    directives: list[Directive] = []
    path: list[str] = []
    why: list[str] = []
    for _ in range(NODES_PER_TURN):
        directives.extend(current.directives)
        if isinstance(current, Wait):
            return Turn(current.session, tuple(directives), None, tuple(path), tuple(why))
        if isinstance(current, Asks):
            return Turn(current.session, tuple(directives), current.ask, tuple(path), tuple(why))
        why.extend(current.why)
        name = resolve(current.to, flow)
        node = flows.nodes.get(name)
        if node is None:
            raise LostConversation(f"there is no node {name}")
        flow = name.partition(".")[0]
        path.append(name)
        current = node.enter(Here(flows, change(current.session, node=name), now))
    raise LostConversation(f"{path[0]} and the nodes behind it go round without waiting")


def resolve(target: str, flow: str) -> str:
    """The full name of a target that a node of a flow gives."""
    return target if "." in target else f"{flow}.{target}"


def joined(earlier: Turn, later: Turn) -> Turn:
    """Two steps of one turn as one."""
    return replace(
        later,
        directives=earlier.directives + later.directives,
        path=earlier.path + later.path,
        why=earlier.why + later.why,
    )


def put_through(flows: Flows, session: Session) -> Session:
    """The session on these flows, waiting in the Tier 1 queue of the dialled line."""
    region = flows.lines.by_name[session.line].region
    way = Way(1, region, "queue", f"tier1-{region}", pages=False)
    return change(session, revision=flows.revision, node=CONNECT, way=way)


def connecting(flows: Flows, session: Session, now: datetime, reason: str) -> Turn:
    """What happens when nothing else can: "we are connecting you", and the Tier 1 queue of the dialled line."""
    here = Here(flows, put_through(flows, session), now)
    waits = flows.nodes[CONNECT].enter(here)
    return Turn(waits.session, (*here.say("connecting_you"), *waits.directives), None, (CONNECT,), (reason,))
