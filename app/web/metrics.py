"""Figures for an operator, as Prometheus reads them. No label holds a number, a PID or a token."""

from prometheus_client import Counter, Gauge, Histogram

from app.runtime import Runtime

WEBHOOKS = Counter("partnerline_webhooks_total", "Webhooks answered, by path and HTTP status.", ["path", "status"])
SECONDS = Histogram(
    "partnerline_webhook_seconds",
    "Time to answer a webhook.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4),
)
CONNECTED = Counter(
    "partnerline_connected_total", "Callers connected to Tier 1 without more questions, after an error in a step."
)
JOURNAL = Gauge("partnerline_journal_records", "Turns that wait on disk for the database to come back.")


def watch(runtime: Runtime) -> None:
    """Shows a runtime's journal. The figure is read when it is asked for."""
    JOURNAL.set_function(lambda: runtime.journal.waiting)
