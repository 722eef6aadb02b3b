"""The telephone company: what it sends us, what it gets, and what we ask of it.

signature  whether a webhook is really the provider's
inbound    a signed form -> what was heard
token      a session, signed and bound to its call, as it travels in an action URL
twiml      a turn -> XML
rest       calls, queues, messages, recordings and numbers: what we ask of the provider
           (rest_requests: how often; backoff: when again; rest_errors: what may go wrong)
"""
