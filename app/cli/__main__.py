"""`python -m app.cli`: the command without the script of its name."""

from app.cli import run

run()
