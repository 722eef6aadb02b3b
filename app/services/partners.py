"""The partner directory as a file: in as a whole or not at all, and out. Source: interfaces, "The partner file"."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from app.services import partner_file
from app.services.imports import ImportReport, refused
from app.services.partner_cells import Countries
from app.services.partner_file import PartnerFile, Problem
from app.store import partner_import
from app.store.partner_import import Clashes, Counts, Merge
from app.store.partner_staging import Unusable

__all__ = ["Problem", "Unusable", "export", "import_file"]


def import_file(
    source: BinaryIO,
    database_url: str,
    countries: Countries,
    *,
    dry_run: bool = False,
    replace: bool = False,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Imports a partner file; `replace` suspends the partners that it does not name.

    It blocks: call it from a thread. `progress` is told how many bytes were read so far. `countries` names the regions
    and where their national numbers are read. Raises Unusable when the directory cannot be used.
    """
    file = PartnerFile(source, countries, progress)
    with partner_import.opened(database_url) as directory:
        merge = Merge(directory)
        merge.stage(file.batches())
        if not file.read_to_its_end:
            return refused(file.rows, file.problems)
        if replace and not file.rows:
            file.problems.add(1, "", "the file names no partner, so replacing would suspend all")
        writing = not dry_run and not file.problems.total
        _note(file, merge.begin(file.absent, writing=writing))
        _note(file, merge.compare())
        if file.problems.total:
            return refused(file.rows, file.problems)
        counts = merge.counts(replace=replace)
        if writing:
            merge.apply(counts)
        return _done(file, counts)


@contextmanager
def export(database_url: str) -> Iterator[Iterator[str]]:
    """The partner file of the whole directory, line by line. Raises Unusable, also on the way."""
    with partner_import.opened(database_url) as directory:
        yield partner_file.written(partner_import.every_partner(directory))


def _note(file: PartnerFile, clashes: Clashes) -> None:
    problems = (Problem(clash.line, clash.column, clash.reason) for clash in clashes.first)
    file.problems.extend(problems, clashes.total)


def _done(file: PartnerFile, counts: Counts) -> ImportReport:
    return ImportReport(file.rows, counts.added, counts.changed, counts.unchanged, counts.suspended)
