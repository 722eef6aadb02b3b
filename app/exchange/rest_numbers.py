"""REST: text messages, and the numbers that the account owns."""

from starlette.responses import Response

from app.exchange.messages import Message
from app.exchange.numbers import OwnedNumber
from app.exchange.orders import Refused
from app.exchange.rest_calls import NUMBER, check_from
from app.exchange.rest_shapes import Asked, Json, date, ok, page, uri

LONGEST_MESSAGE = 1600
SETTINGS = {
    "FriendlyName": "friendly_name",
    "VoiceUrl": "voice_url",
    "VoiceMethod": "voice_method",
    "VoiceFallbackUrl": "voice_fallback_url",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallback": "status_callback",
    "StatusCallbackMethod": "status_callback_method",
    "VoiceApplicationSid": "voice_application_sid",
    "TrunkSid": "trunk_sid",
    "SmsUrl": "sms_url",
    "SmsMethod": "sms_method",
}
"""The fields of an update, and what they set."""


def send(asked: Asked) -> Response:
    """Takes an SMS."""
    to, text = asked.needs("To", 21604), asked.needs("Body", 21602)
    sender = asked.needs("From", 21603)
    if not NUMBER.fullmatch(to) or to in asked.exchange.unreachable:
        raise Refused(400, 21211, f"Invalid 'To' Phone Number: {to}")
    check_from(asked.exchange, sender)
    if len(text) > LONGEST_MESSAGE:
        raise Refused(400, 21617, f"The message has more than {LONGEST_MESSAGE} characters")
    message = Message("SM" + asked.exchange.new_id(), to, sender, text, asked.exchange.clock.now())
    asked.exchange.messages.append(message)
    return ok(_message(asked, message, "queued"), 201)


def message(asked: Asked) -> Response:
    """A message that was sent."""
    found = [one for one in asked.exchange.messages if one.sid == asked.ids["sid"]]
    if not found:
        raise asked.not_there()
    return ok(_message(asked, found[0], "delivered"))


def numbers(asked: Asked) -> Response:
    """The account's numbers; by `PhoneNumber`, of which a part is enough."""
    wanted = asked.query.get("PhoneNumber", "")
    owned = asked.exchange.numbers.values()
    return page(asked, "incoming_phone_numbers", [_number(asked, own) for own in owned if wanted in own.number])


def number(asked: Asked) -> Response:
    """One of the account's numbers."""
    return ok(_number(asked, _owned(asked)))


def update(asked: Asked) -> Response:
    """Where calls to a number lead. What is not given stays."""
    own = _owned(asked)
    for field, _ in asked.form:
        if field.endswith(("Url", "Callback")):
            asked.goto(field, "")
    for field, value in asked.form:
        if field in SETTINGS:
            setattr(own, SETTINGS[field], value)
        elif field == "VoiceCallerIdLookup":
            own.voice_caller_id_lookup = value == "true"
    return ok(_number(asked, own))


HANDLERS = {
    ("POST", "/Messages.json"): send,
    ("GET", "/Messages/{sid}.json"): message,
    ("GET", "/IncomingPhoneNumbers.json"): numbers,
    ("GET", "/IncomingPhoneNumbers/{sid}.json"): number,
    ("POST", "/IncomingPhoneNumbers/{sid}.json"): update,
}


def _message(asked: Asked, message: Message, status: str) -> Json:
    return {
        "sid": message.sid,
        "account_sid": asked.exchange.account_sid,
        "to": message.to,
        "from": message.sender,
        "body": message.text,
        "status": status,
        "direction": "outbound-api",
        "num_segments": "1",
        "error_code": None,
        "error_message": None,
        "date_created": date(message.at),
        "date_updated": date(message.at),
        "date_sent": None if status == "queued" else date(message.at),
        "api_version": "2010-04-01",
        "uri": uri(asked.exchange, f"/Messages/{message.sid}.json"),
    }


def _number(asked: Asked, own: OwnedNumber) -> Json:
    return {
        **{name: getattr(own, name) or None for name in SETTINGS.values()},
        "sid": own.sid,
        "account_sid": asked.exchange.account_sid,
        "phone_number": own.number,
        "voice_caller_id_lookup": own.voice_caller_id_lookup,
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "date_created": date(own.made_at),
        "date_updated": date(asked.exchange.clock.now()),
        "uri": uri(asked.exchange, f"/IncomingPhoneNumbers/{own.sid}.json"),
    }


def _owned(asked: Asked) -> OwnedNumber:
    found = [own for own in asked.exchange.numbers.values() if own.sid == asked.ids["sid"]]
    if not found:
        raise asked.not_there()
    return found[0]
