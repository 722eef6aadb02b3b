"""Background work that a live call makes necessary: deferred in the turn's own transaction, as plain SQL."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Statement = tuple[str, dict[str, Any]]
# Of a job: its name, its moment, the key that keeps it single until it begins (None: any number), its arguments.
Defer = Callable[[str, datetime, str | None, Mapping[str, str | int]], Statement]

JOB = """
INSERT INTO jobs (name, key, args, at) VALUES (:name, :key, :args, :at)
ON CONFLICT (key) WHERE key IS NOT NULL AND taken_at IS NULL AND failed_at IS NULL DO NOTHING
"""


def in_jobs_table(name: str, at: datetime, key: str | None, args: Mapping[str, str | int]) -> Statement:
    """For the embedded runner, which reads the table `jobs`."""
    return JOB, {"name": name, "key": key, "args": json.dumps(dict(args)), "at": at}
