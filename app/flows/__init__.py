"""The conversation engine. Pure: it knows the domain, and nothing of HTTP, SQL, YAML or XML.

turn      what is heard, what the caller gets, what a turn is
asks      facts and deeds that only the outside can supply, and what the conversation learns from each answer
session   where a call stands between two webhooks
flow      the flows and the facts, loaded
engine    step(flows, session, heard, now) -> Turn
nodes     what a conversation is made of, one kind a file
check     mistakes that a set of flows can hold
draw      a flow as a diagram
"""
