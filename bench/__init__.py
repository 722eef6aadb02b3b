"""Measurements beside their baselines, in one run and in alternating rounds. `python -m bench` prints the table.

turn            a full turn on one worker, against Flask with the twilio SDK and against a constant document
memory          a worker after 10,000 calls, against itself after 1,000
route_batch     `partnerline route --batch`, against decoding and encoding the same lines
partner_import  a million partners, against the plain csv reader over the same file
dispatch        deciding who is rung for whom, against sorting the same waiting calls
look            the dispatcher's look at who waits, against an empty round trip and against ten times fewer
answering       until a phone rings for a waiting caller, against an empty round trip through the same database
sharing         background work by two workers, against one
start           `partnerline --help` and `partnerline route`, against `python -c pass`

report          ratios, their table, and a line that says how far the work is
calls           the five webhooks of a call, as the provider posts them
load            plays calls against a worker and keeps the time of each answer
workers         the programs under load, each one worker process
waiting_room    callers who wait in one queue, and the agents who serve it
phones          a service in this process whose telephone company says when it was asked to ring
databases       a SQLite file and a PostgreSQL server with 100,000 partners
"""
