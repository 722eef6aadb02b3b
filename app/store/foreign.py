"""Whether an SQLite file is ours, asked before it is opened.

SQLite reads the write-ahead log beside a file into whatever now stands there, or throws the log away: what only the log
held is lost, or is in another program's database.
"""

import sqlite3
from pathlib import Path


def refuse_foreign(path: Path) -> None:
    """Reads the file alone, `immutable`: without its log, and without a lock. Raises sqlite3.Error."""
    alone = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        alone.execute("SELECT 1 FROM turns LIMIT 1")
    finally:
        alone.close()
