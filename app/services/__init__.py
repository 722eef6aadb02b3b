"""Use cases: small, async, one transaction each.

conversation   one webhook of a live call
answers        the engine's asks, answered from the database
recovery       what could not be written, written when the database is back
"""
