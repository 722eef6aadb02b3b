"""A flow as a Mermaid diagram: a box a node, an arrow a way, with the key or the answer that leads there."""

from collections.abc import Iterator, Mapping

from app.flows.check import ways
from app.flows.nodes import Node

# Mermaid's shapes by what a caller meets: a question, a wait outside, a decision in silence.
SHAPES = {
    "menu": ("{{", "}}"),
    "collect": ("{{", "}}"),
    "record": ("{{", "}}"),
    "queue": ("[[", "]]"),
    "dial": ("[[", "]]"),
    "ask": ("[/", "/]"),
    "choose": ("{", "}"),
    "route": ("{", "}"),
    "hangup": ("([", "])"),
}
BOX = ("[", "]")


def mermaid(nodes: Mapping[str, Node], starts: Mapping[str, str], flow: str | None = None) -> str:
    """The diagram of one flow with the nodes of others that it leads to, or of all flows."""
    shown = {name: node for name, node in nodes.items() if flow is None or name.startswith(f"{flow}.")}
    return "\n".join(["flowchart TD", *_starts(starts, shown), *_boxes(shown, nodes), *_arrows(shown, nodes)])


def _starts(starts: Mapping[str, str], shown: Mapping[str, Node]) -> Iterator[str]:
    for flow, start in sorted(starts.items()):
        if start in shown:
            yield f'    {_id(flow + ".begin")}((" ")) --> {_id(start)}'


def _boxes(shown: Mapping[str, Node], nodes: Mapping[str, Node]) -> Iterator[str]:
    beyond = {target for name, node in shown.items() for _, target in ways(name, node) if target not in shown}
    for name, node in shown.items():
        left, right = SHAPES.get(node.kind, BOX)
        yield f'    {_id(name)}{left}"{name.partition(".")[2]}<br/><small>{node.kind}</small>"{right}'
    for name in sorted(beyond & nodes.keys()):
        yield f'    {_id(name)}["{name}"]:::elsewhere'
    if beyond:
        yield "    classDef elsewhere stroke-dasharray: 4 3"


def _arrows(shown: Mapping[str, Node], nodes: Mapping[str, Node]) -> Iterator[str]:
    for name, node in shown.items():
        reasons: dict[str, list[str]] = {}
        for reason, target in ways(name, node):
            reasons.setdefault(target, []).append(reason)
        for target, several in reasons.items():
            if target in nodes:
                label = ", ".join(reason for reason in several if reason)
                yield f"    {_id(name)} -->{_label(label)} {_id(target)}"


def _label(text: str) -> str:
    # A key of the telephone is no Markdown.
    return f'|"{text.replace("#", "pound").replace("*", "star")}"|' if text else ""


def _id(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)
