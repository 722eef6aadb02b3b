"""Many partners into the directory in one transaction, by sets: staged, compared, merged.

Staging and looking for two alike in the file take no lock. The merge is short and the only part that other writers
wait for. It touches only what differs; partners that the file does not name stay, or are suspended.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from app.store import partner_postgres, partner_sqlite
from app.store.partner_staging import FIELDS, Batch, Staging

MOST_CLASHES = 1_000

_TWICE = """SELECT s.id, s.pid, s.dialled, f.id, f.pid, '', count(*) OVER ()
FROM staged s
JOIN (SELECT {key}, min(id) AS first FROM staged GROUP BY {key} HAVING count(*) > 1) d ON d.{key} = s.{key}
JOIN staged f ON f.id = d.first
WHERE s.id <> f.id {and_not} ORDER BY s.id LIMIT {most}"""

# A partner that the file names too will be dialled as the file says, which the file's own comparison covers.
_ALIKE = """SELECT s.id, s.pid, s.dialled, 0, p.pid, p.status, count(*) OVER ()
FROM staged s JOIN partners p ON p.dialled = s.dialled
WHERE p.pid <> s.pid AND NOT EXISTS (SELECT 1 FROM staged o WHERE o.pid = p.pid) ORDER BY s.id LIMIT {most}"""

_NOT_NAMED = "p.status <> 'suspended' AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.pid = p.pid)"


@dataclass(frozen=True, slots=True)
class Clash:
    """A row that cannot be stored beside another one."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Clashes:
    """The first clashes, and how many there are in all."""

    first: tuple[Clash, ...] = ()
    total: int = 0

    def __add__(self, other: "Clashes") -> "Clashes":
        return Clashes(self.first + other.first, self.total + other.total)


@dataclass(frozen=True, slots=True)
class Counts:
    """What an import changes, in partners."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    suspended: int = 0


class Merge:
    """A staged file and the directory, compared and brought together. One file, one object."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._last_id = 0

    def stage(self, batches: Iterable[Batch]) -> None:
        self._staging.stage(batches)

    def begin(self, absent: Sequence[str], *, writing: bool) -> Clashes:
        """Begins the transaction and tells the rows of the file that clash with one another.

        A field that the file has no column for keeps what the directory holds: `absent` names them.
        """
        if not absent:
            clashes = self._twice()
            self._staging.begin(writing=writing)
            return clashes
        # A row may take its dial code from the directory, so nobody must change it from here on.
        self._staging.begin(writing=writing)
        self._keep(absent)
        return self._twice()

    def compare(self) -> Clashes:
        """Finds out what differs, and tells the rows that would be dialled like a partner that is not in the file."""
        self._last_id = self._number("SELECT coalesce(max(id), 0) FROM partners")
        if not self._last_id:
            return Clashes()
        differs = " OR ".join(f"p.{field} {self._staging.differs_from} s.{field}" for field in FIELDS)
        self._staging.run(
            f"""CREATE TEMP TABLE updates AS
            SELECT s.id AS line, p.id AS partner_id, p.dialled <> s.dialled AS dialled_anew
            FROM staged s JOIN partners p ON p.pid = s.pid WHERE {differs}"""
        )
        return self._clashes(_ALIKE.format(most=MOST_CLASHES))

    def counts(self, *, replace: bool) -> Counts:
        staged = self._number("SELECT count(*) FROM staged")
        if not self._last_id:
            return Counts(added=staged)
        known = self._number("SELECT count(*) FROM staged s JOIN partners p ON p.pid = s.pid")
        changed = self._number("SELECT count(*) FROM updates")
        suspended = self._number(f"SELECT count(*) FROM partners p WHERE {_NOT_NAMED}") if replace else 0
        return Counts(staged - known, changed, known - changed, suspended)

    def apply(self, counts: Counts) -> None:
        """Writes it all and commits."""
        if counts.suspended:
            self._staging.run(f"UPDATE partners AS p SET status = 'suspended' WHERE {_NOT_NAMED}")
        if counts.changed:
            self._update()
        if counts.added:
            self._insert()
        self._staging.commit()

    def _keep(self, absent: Sequence[str]) -> None:
        kept = [f"{field} = p.{field}" for field in absent]
        if "dial_code" in absent:
            kept.append("dialled = CASE WHEN p.dial_code = '' THEN staged.dialled ELSE p.dial_code END")
        self._staging.run(f"UPDATE staged SET {', '.join(kept)} FROM partners p WHERE p.pid = staged.pid")

    def _twice(self) -> Clashes:
        if self._staging.index():
            return Clashes()
        pids = _TWICE.format(key="pid", and_not="", most=MOST_CLASHES)
        dialled = _TWICE.format(key="dialled", and_not="AND s.pid <> f.pid", most=MOST_CLASHES)
        return self._clashes(pids) + self._clashes(dialled)

    def _clashes(self, sql: str) -> Clashes:
        rows = self._staging.run(sql).fetchall()
        return Clashes(tuple(_clash(*row[:-1]) for row in rows), rows[0][-1] if rows else 0)

    def _update(self) -> None:
        changed = "p.id IN (SELECT partner_id FROM updates)"
        numbers = self._numbers(changed)
        self._staging.run(f"DELETE FROM partner_phones WHERE (number, partner_id) IN ({numbers})")
        # Two partners may swap their codes: both let go of theirs first.
        self._staging.run(
            "UPDATE partners SET dialled = '~' || id WHERE id IN (SELECT partner_id FROM updates WHERE dialled_anew)"
        )
        values = ", ".join(f"{field} = s.{field}" for field in FIELDS)
        self._staging.run(
            f"""UPDATE partners SET {values}
            FROM updates u JOIN staged s ON s.id = u.line WHERE partners.id = u.partner_id"""
        )
        self._staging.run(f"INSERT INTO partner_phones (number, partner_id) {numbers}")

    def _insert(self) -> None:
        if self._last_id:
            fields = ", ".join(FIELDS)
            self._staging.run(
                f"""INSERT INTO partners ({fields}) SELECT {fields} FROM staged s
                WHERE NOT EXISTS (SELECT 1 FROM partners p WHERE p.pid = s.pid)"""
            )
        else:
            self._staging.copy_all()
        numbers = self._numbers(f"p.id > {self._last_id}")
        self._staging.run(f"INSERT INTO partner_phones (number, partner_id) {numbers}")

    def _numbers(self, which: str) -> str:
        """A query for the telephone numbers of some partners, in order, each with the partner's id."""
        return f"{self._staging.numbers} WHERE {which} AND p.phones <> '' ORDER BY 1"

    def _number(self, sql: str) -> int:
        number: int = self._staging.run(sql).fetchone()[0]
        return number


def _clash(line: int, pid: str, dialled: str, other_line: int, other_pid: str, status: str) -> Clash:
    if pid == other_pid:
        return Clash(line, "pid", f"{pid!r} is on line {other_line} already")
    where = f"on line {other_line}" if other_line else f"in the directory ({status})"
    return Clash(line, "pid", f"{pid!r} is dialled {dialled}, like {other_pid!r} {where}")


def opened(database_url: str) -> AbstractContextManager[Staging]:
    """A connection to the directory. Raises partner_staging.Unusable, then and while it is used."""
    if database_url.startswith("sqlite"):
        return partner_sqlite.opened(Path(str(make_url(database_url).database)))
    return partner_postgres.opened(database_url.replace("postgresql+psycopg://", "postgresql://", 1))


def every_partner(directory: Staging) -> Iterator[dict[str, str | None]]:
    """All partners by PID, each field as text; None for no date."""
    texts = ", ".join(f"CAST({field} AS TEXT)" for field in FIELDS)
    for row in directory.stream(f"SELECT {texts} FROM partners ORDER BY pid"):
        yield dict(zip(FIELDS, row, strict=True))
