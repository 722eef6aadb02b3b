"""Every job by its name."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from app.runtime import Runtime
from app.services import (
    callbacks,
    climbing,
    clocks,
    dispatch,
    events,
    joining,
    offers,
    placing,
    reaching,
    recordings,
    transcribing,
    unsent,
)

Task = Callable[..., Awaitable[None]]

TASKS: Mapping[str, Task] = {
    "dispatch": dispatch.dispatch,
    "offer_is_over": offers.offer_is_over,
    "place_leg": placing.place_leg,
    "hang_up_leg": placing.hang_up_leg,
    "connect": joining.connect,
    "bring_back": joining.bring_back,
    "call_partner": callbacks.call_partner,
    "callback_is_over": callbacks.callback_is_over,
    "tell_agent": callbacks.tell_agent,
    "look_at_page": climbing.look_at_page,
    "fetch_recording": recordings.fetch_recording,
    "delete_recording": recordings.delete_recording,
    "delete_unsent": unsent.delete_unsent,
    "transcribe_recording": transcribing.transcribe_recording,
    "keep_transcript": transcribing.keep_transcript,
    "send_message": reaching.send_message,
    "look_at_clocks": clocks.look_at_clocks,
    "forget_events": events.forget_events,
}


def handlers(runtime: Runtime) -> dict[str, Callable[..., Awaitable[None]]]:
    """The jobs of a runtime. Each is called with what was deferred with it."""
    return {name: partial(task, runtime) for name, task in TASKS.items()}
