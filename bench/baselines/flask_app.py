"""What a user would write instead: the provider's own samples for Flask, put together. It looks nobody up and stores
nothing; what the caller keyed travels in the action URLs.
"""

import os
from collections.abc import Callable
from functools import wraps

from flask import Flask, Response, abort, request, url_for
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.twiml.voice_response import Gather, VoiceResponse  # type: ignore[import-untyped]

app = Flask(__name__)
validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])


def signed(webhook: Callable[[], VoiceResponse]) -> Callable[[], Response]:
    @wraps(webhook)
    def checked() -> Response:
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(request.url, request.form, signature):
            abort(403)
        return Response(str(webhook()), mimetype="text/xml")

    return checked


@app.post("/twilio/voice")
@signed
def voice() -> VoiceResponse:
    response = VoiceResponse()
    gather = Gather(action=url_for("pid"), input="dtmf", finish_on_key="#", timeout=7)
    gather.say("Welcome to partner support. Please key your partner ID, then the pound key.")
    response.append(gather)
    response.redirect(url_for("voice"))
    return response


@app.post("/twilio/pid")
@signed
def pid() -> VoiceResponse:
    digits = request.form.get("Digits", "")
    response = VoiceResponse()
    if not 4 <= len(digits) <= 10:
        response.redirect(url_for("voice"))
        return response
    gather = Gather(action=url_for("severity", pid=digits), num_digits=1, timeout=6)
    gather.say("If production is down, press 1. If it is impaired, press 2. For a minor problem, press 3.")
    response.append(gather)
    response.redirect(url_for("voice"))
    return response


@app.post("/twilio/severity")
@signed
def severity() -> VoiceResponse:
    response = VoiceResponse()
    chosen = request.form.get("Digits", "")
    if chosen not in {"1", "2", "3"}:
        response.redirect(url_for("voice"))
        return response
    action = url_for("case", pid=request.args["pid"], severity=chosen)
    gather = Gather(action=action, input="dtmf", finish_on_key="#", timeout=6, action_on_empty_result=True)
    gather.say("If this is about a case that you have already, key its number. For a new case, press only pound.")
    response.append(gather)
    return response


@app.post("/twilio/case")
@signed
def case() -> VoiceResponse:
    response = VoiceResponse()
    response.say(f"You asked for severity {request.args['severity']}. Please hold the line for the next free person.")
    response.enqueue("tier1-us", wait_url=url_for("wait"))
    return response


@app.post("/twilio/wait")
@signed
def wait() -> VoiceResponse:
    response = VoiceResponse()
    response.say(f"You are number {request.form.get('QueuePosition', '1')} in the queue.")
    response.play("/hold.wav")
    response.redirect(url_for("wait"))
    return response
