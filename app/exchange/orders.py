"""What the service can do to a live call from outside. REST is one way to say it; tests may say it directly."""

from app.exchange.call import Call
from app.exchange.document import Start
from app.exchange.interrupts import Redirected
from app.exchange.queues import Queue


class Refused(Exception):
    """The order cannot be carried out; the message says why. `status` and `code` are the provider's."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def redirect(call: Call, start: Start) -> None:
    """A call in progress leaves what it is doing, and goes on with this."""
    if call.is_ending or call.answered_at is None:
        raise Refused(400, 21220, "Call is not in-progress. Cannot redirect.")
    call.pull_out(Redirected(start))


def end(call: Call) -> None:
    """A call ends: one that rings as `canceled`, one that was answered as `completed`."""
    if call.is_ending:
        raise Refused(400, 21220, "Call is not in-progress. Cannot redirect.")
    call.cut("canceled" if call.answered_at is None else "completed")


def cancel(call: Call) -> None:
    """A call that has not been answered ends."""
    if call.is_ending or call.answered_at is not None:
        raise Refused(400, 21220, "Call is not queued or ringing. Cannot cancel.")
    call.cut("canceled")


def dequeue(queue: Queue, call: Call, start: Start) -> None:
    """A waiting call leaves the queue for this document. Only the first order for it is carried out."""
    if call not in queue:
        if queue.knew(call):
            raise Refused(400, 21220, f"{call.sid} is no longer in the queue {queue.name}.")
        raise Refused(404, 20404, f"{call.sid} is not in the queue {queue.name}.")
    call.pull_out(Redirected(start, dequeued=True))


def dequeue_front(queue: Queue, start: Start) -> Call:
    """The same for whoever is first in the queue."""
    if not queue:
        raise Refused(404, 20404, f"The queue {queue.name} is empty.")
    front = queue[0]
    dequeue(queue, front, start)
    return front
