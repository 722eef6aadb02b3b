"""`python -m bench`: every measurement, one table. `python -m bench turn --quick`: one of them, with fewer rounds."""

import argparse
from importlib import import_module

from bench.report import Row, progress, table

PROGRAMS = ("turn", "memory", "route_batch", "partner_import", "start", "dispatch", "look", "answering", "sharing")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measurements beside their baselines.")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=f"all of them, or some of {', '.join(PROGRAMS)}")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    options = parser.parse_args()
    if unknown := set(options.programs) - set(PROGRAMS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(PROGRAMS)}")
    rows: list[Row] = []
    for name in options.programs or PROGRAMS:
        progress(f"{name}: begins")
        rows += import_module(f"bench.{name}").measure(options.quick)
    print(table(rows))


if __name__ == "__main__":
    main()
