"""A telephone company for tests, demos, the test phone and simulations. Knows TwiML and webhooks, not our service."""

from app.exchange.call import Call
from app.exchange.clock import VirtualClock
from app.exchange.exchange import Exchange
from app.exchange.failures import Failure
from app.exchange.misbehaviour import Misbehaviour
from app.exchange.people import Person
from app.exchange.twiml import validate

__all__ = ["Call", "Exchange", "Failure", "Misbehaviour", "Person", "VirtualClock", "validate"]
