"""The rules of the support model. Standard library only; every moment is an argument, every answer a value.

regions    which teams exist, when each is open, closures by hand
lines      what callers dial
partners   who calls
routing    where a call goes, and why
duty       who is on call for escalations
timetable  which region takes a call, looked up for many questions
targets    service-level clocks
cases      case numbers, the stub's states
waiting    the order of a queue, its limits, what a waiting caller is told
agents     who answers, and how their state changes
dispatch   which waiting call is rung to which agent
paging     who is reached next for a page
digits     digits from speech and for speech
"""
