"""The kinds of node, by the key that marks each in a flow file. To add one, copy its nearest neighbour."""

from app.flows.nodes.ask import AskNode
from app.flows.nodes.base import Node
from app.flows.nodes.choose import Choose
from app.flows.nodes.collect import Collect
from app.flows.nodes.dial import DialNode
from app.flows.nodes.hangup import HangupNode
from app.flows.nodes.menu import Menu
from app.flows.nodes.playback import Playback
from app.flows.nodes.queue import QueueNode
from app.flows.nodes.record import RecordNode
from app.flows.nodes.route import Route
from app.flows.nodes.say import Say

KINDS: dict[str, type[Node]] = {
    kind.kind: kind
    for kind in (
        AskNode,
        Choose,
        Collect,
        DialNode,
        HangupNode,
        Menu,
        Playback,
        QueueNode,
        RecordNode,
        Route,
        Say,
    )
}

__all__ = ["KINDS", "Node"]
