"""A telephone company for tests, demos, telephones in terminals and simulations. Knows TwiML, not our service.

exchange.dial · rings · answer · release      what people do        (exchange.py, call.py)
exchange.people[number] = Person(…)           who picks up, and how (people.py)
rest_app(exchange)                            its REST API          (rest.py)
exchange.misbehaviour = Misbehaviour(…)       what goes wrong       (misbehaviour.py)
host(Hosted(…), ready)                        in real time, as a process, with telephones (hosting.py, phones.py)
"""

from app.exchange.call import Call
from app.exchange.clock import VirtualClock
from app.exchange.exchange import Exchange
from app.exchange.failures import Failure
from app.exchange.messages import Message
from app.exchange.misbehaviour import Fault, Misbehaviour
from app.exchange.numbers import OwnedNumber
from app.exchange.people import Person, Press, mailbox
from app.exchange.rest import rest_app
from app.exchange.twiml import validate

__all__ = [
    "Call",
    "Exchange",
    "Failure",
    "Fault",
    "Message",
    "Misbehaviour",
    "OwnedNumber",
    "Person",
    "Press",
    "VirtualClock",
    "mailbox",
    "rest_app",
    "validate",
]
