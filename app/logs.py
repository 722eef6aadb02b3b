"""Logs: an allow-list of fields, so that no number, PID or token of a caller is ever in one."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED = frozenset(
    {"event", "level", "timestamp", "logger", "call_sid", "reason", "error", "records", "exception", "exc_info", "path"}
    | {"status", "milliseconds", "host", "port", "workers", "seconds"}
)


def _only_allowed(logger: Any, name: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in fields.items() if key in ALLOWED}


def configure(log_format: str) -> None:
    """`text` for people, `json` for machines, both to standard error; `quiet` for a command that prints its own."""
    # Without local variables: they hold what callers key.
    plain = structlog.dev.plain_traceback
    renderer: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _only_allowed,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if log_format == "json" else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.CRITICAL if log_format == "quiet" else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
