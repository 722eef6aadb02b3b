"""Logs: an allow-list of fields, so that no number, PID or token of a caller is ever in one."""

import logging
import re
import sys
from collections.abc import MutableMapping
from traceback import TracebackException
from types import TracebackType
from typing import Any, TextIO

import structlog

ALLOWED = frozenset(
    {"event", "level", "timestamp", "logger", "call_sid", "reason", "error", "records", "exception", "exc_info", "path"}
    | {"status", "milliseconds", "host", "port", "workers", "seconds"}
)

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
# Whose errors others write: the server's in the API, and those of tasks that nobody awaits.
OF_OTHERS = ("uvicorn.error", "asyncio")
_IN_GROUP = re.compile(r"^ *\| ")


def _only_allowed(logger: Any, name: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in fields.items() if key in ALLOWED}


def traceback_of(exc_info: ExcInfo) -> str:
    """A traceback with the first line of each message: those that follow quote values, as PostgreSQL's DETAIL does."""
    return "".join(map(_first_line, TracebackException(*exc_info).format())).rstrip("\n")


def _first_line(part: str) -> str:
    """One part of a traceback. Frames, and what stands between two errors, begin with white space."""
    if _IN_GROUP.sub("", part).startswith((" ", "\n")):
        return part
    return part.partition("\n")[0] + "\n"


def _write_traceback(to: TextIO, exc_info: ExcInfo) -> None:
    to.write("\n" + traceback_of(exc_info))


def _told_by_others(record: logging.LogRecord) -> bool:
    """A formatter takes the text of a traceback that is there already."""
    if record.exc_info and record.exc_info[0] is not None:
        record.exc_text = traceback_of(record.exc_info)
    return True


def configure(log_format: str) -> None:
    """`text` for people, `json` for machines, both to standard error; `quiet` for a command that prints its own."""
    # Without local variables: they hold what callers key.
    renderer: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_write_traceback)
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _only_allowed,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.ExceptionRenderer(traceback_of)] if log_format == "json" else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.CRITICAL if log_format == "quiet" else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    for name in OF_OTHERS:
        # Again it changes nothing.
        logging.getLogger(name).addFilter(_told_by_others)
