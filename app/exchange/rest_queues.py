"""REST: queues, who waits in them, and taking a waiting caller out."""

from typing import TYPE_CHECKING

from starlette.responses import Response

from app.exchange import orders
from app.exchange.call import Call
from app.exchange.orders import Refused
from app.exchange.queues import Queue
from app.exchange.rest_shapes import Asked, Json, date, ok, page, uri

if TYPE_CHECKING:
    from app.exchange.exchange import Exchange


def create(asked: Asked) -> Response:
    """A new queue. One of the same name is refused: queues are made on demand, too."""
    name, size = asked.needs("FriendlyName"), asked.get("MaxSize", "1000")
    if len(name) > 64 or not size.isdecimal() or not 1 <= int(size) <= 5000:
        raise Refused(400, 20001, "A queue has a name of up to 64 characters and a MaxSize from 1 to 5000")
    if name in asked.exchange.queues:
        raise Refused(400, 22003, f"A queue with the name {name} exists already")
    queue = asked.exchange.queue(name)
    queue.max_size = int(size)
    return ok(shape(asked.exchange, queue), 201)


def listing(asked: Asked) -> Response:
    """All queues."""
    return page(asked, "queues", [shape(asked.exchange, queue) for queue in asked.exchange.queues.values()])


def fetch(asked: Asked) -> Response:
    """A queue with its numbers."""
    return ok(shape(asked.exchange, _queue(asked)))


def members(asked: Asked) -> Response:
    """Who waits, the front first."""
    queue = _queue(asked)
    return page(asked, "queue_members", [_member(queue, call) for call in queue])


def member(asked: Asked) -> Response:
    """One who waits, by CallSid or as `Front`."""
    queue, sid = _queue(asked), asked.ids["call"]
    found = next((call for call in queue if sid in ("Front", call.sid)), None)
    if found is None:
        raise asked.not_there()
    return ok(_member(queue, found))


def dequeue(asked: Asked) -> Response:
    """Takes a waiting caller out: they go on with the document at `Url`."""
    queue, sid = _queue(asked), asked.ids["call"]
    start = asked.goto("Url", "Method")
    if start is None:
        raise Refused(400, 20001, "Required parameter Url is missing")
    if sid == "Front":
        return ok(_member(queue, orders.dequeue_front(queue, start)))
    call = asked.exchange.call(sid)
    if call is None:
        raise asked.not_there()
    orders.dequeue(queue, call, start)
    return ok(_member(queue, call))


HANDLERS = {
    ("POST", "/Queues.json"): create,
    ("GET", "/Queues.json"): listing,
    ("GET", "/Queues/{sid}.json"): fetch,
    ("GET", "/Queues/{sid}/Members.json"): members,
    ("GET", "/Queues/{sid}/Members/{call}.json"): member,
    ("POST", "/Queues/{sid}/Members/{call}.json"): dequeue,
}


def shape(exchange: "Exchange", queue: Queue) -> Json:
    """A queue as the provider shows it."""
    here = uri(exchange, f"/Queues/{queue.sid}")
    return {
        "sid": queue.sid,
        "account_sid": exchange.account_sid,
        "friendly_name": queue.name,
        "current_size": len(queue),
        "max_size": queue.max_size,
        "average_wait_time": queue.average_wait,
        "date_created": date(queue.made_at),
        "date_updated": date(exchange.clock.now()),
        "uri": here + ".json",
        "subresource_uris": {"members": here + "/Members.json"},
    }


def _member(queue: Queue, call: Call) -> Json:
    return {
        "call_sid": call.sid,
        "queue_sid": queue.sid,
        "date_enqueued": date(queue.joined_at(call)),
        "position": queue.index(call) + 1 if call in queue else 0,
        "wait_time": queue.waited(call),
        "uri": uri(call.exchange, f"/Queues/{queue.sid}/Members/{call.sid}.json"),
    }


def _queue(asked: Asked) -> Queue:
    found = [queue for queue in asked.exchange.queues.values() if queue.sid == asked.ids["sid"]]
    if not found:
        raise asked.not_there()
    return found[0]
