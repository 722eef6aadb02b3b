"""The REST API, `/api/v1`.

mount      what `main` adds to the application
gate       who may come in, and what a request must look like
problems   every error as a problem document (RFC 9457)
fields     the kinds of values, each with its limits
calls  cases  partners  closures  route  voicemails  agents  queues  pages  events
           the endpoints, with `…_shapes` where their bodies are large
"""
