"""The telephone company: what it sends us, and what it gets.

signature  whether a webhook is really the provider's
inbound    a signed form -> what was heard
token      a session, signed and bound to its call, as it travels in an action URL
twiml      a turn -> XML
"""
