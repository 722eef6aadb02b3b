"""HTTP: the provider's webhooks, the REST API, and what an operator's tools ask.

webhooks    POST /twilio/*
music       what waiting callers hear
health      /healthz, /readyz, /metrics
metrics     the figures
root        the page that the printed address opens
api         /api/v1
"""
