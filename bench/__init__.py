"""Measurements beside their baselines, in one run and in alternating rounds. `python -m bench` prints the table.

turn            a full turn on one worker, against Flask with the twilio SDK and against a constant document
memory          a worker after 10,000 calls, against itself after 1,000
route_batch     `partnerline route --batch`, against decoding and encoding the same lines
partner_import  a million partners, against the plain csv reader over the same file
start           `partnerline --help` and `partnerline route`, against `python -c pass`

report          ratios, their table, and a line that says how far the work is
calls           the five webhooks of a call, as the provider posts them
load            plays calls against a worker and keeps the time of each answer
workers         the programs under load, each one worker process
databases       a SQLite file and a PostgreSQL server with 100,000 partners
"""
