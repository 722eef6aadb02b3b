"""Writes the next migration: what `app/store/tables.py` says beyond the migrations so far. Read it before use."""

import sys
import tempfile

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from app.store import schema


def write(about: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/partnerline.db"
        schema.upgrade(url)
        with create_engine(url).connect() as connection:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(schema.MIGRATIONS))
            number = len(list((schema.MIGRATIONS / "versions").glob("[0-9]*.py"))) + 1
            command.revision(config, about, autogenerate=True, rev_id=f"{number:04}")


if __name__ == "__main__":
    if not sys.argv[1:] or not sys.argv[1].strip():
        sys.exit('Say what changes: make migration ABOUT="voicemails have a language"')
    write(sys.argv[1])
