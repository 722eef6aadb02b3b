"""Background work that a live call makes necessary: deferred in the turn's own transaction, as plain SQL."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Statement = tuple[str, dict[str, Any]]
# Of a job: its name, its moment, the key that keeps it single until it begins (None: any number), its arguments.
Defer = Callable[[str, datetime, str | None, Mapping[str, str | int]], Statement]

# An equal job that waits is written to: nobody can begin it before this transaction is over, so it will see what this
# one has written. The earlier moment of the two counts.
JOB = """
INSERT INTO jobs (name, key, args, at, attempts) VALUES (:name, :key, :args, :at, 0)
ON CONFLICT (key) WHERE key IS NOT NULL AND taken_at IS NULL AND failed_at IS NULL
    DO UPDATE SET at = CASE WHEN excluded.at < jobs.at THEN excluded.at ELSE jobs.at END
"""


def in_jobs_table(name: str, at: datetime, key: str | None, args: Mapping[str, str | int]) -> Statement:
    """For the embedded runner, which reads the table `jobs`."""
    return JOB, {"name": name, "key": key, "args": json.dumps(dict(args)), "at": at}
