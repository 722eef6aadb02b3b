"""What became of a file that was imported, of partners or of agents."""

from dataclasses import dataclass

from app.services.partner_file import Problem, Problems


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import changed, or with a dry run would change. With problems it changed nothing.

    `left_out`: those missing from the file that were suspended, or set offline. `problems` are the first by line;
    `more_problems` counts those that are not among them.
    """

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left_out: int = 0
    problems: tuple[Problem, ...] = ()
    more_problems: int = 0


def refused(rows: int, problems: Problems) -> ImportReport:
    """Nothing was changed."""
    return ImportReport(rows=rows, problems=problems.first, more_problems=problems.total - len(problems.first))
