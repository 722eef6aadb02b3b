"""Background work on PostgreSQL: the tables of procrastinate 3.10, from its package."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0003"
down_revision = "0002"

# Equal jobs become one when the first of them begins.
KEYS = "CREATE INDEX procrastinate_jobs_key ON procrastinate_jobs ((args ->> 'key')) WHERE status = 'todo'"
# Tables take their indexes and triggers along, and types are used by functions.
DROP_ALL = r"""
DO $$
DECLARE
    drop_one text;
BEGIN
    FOR drop_one IN
        SELECT format('DROP TABLE %s CASCADE', oid::regclass) FROM pg_class
        WHERE relkind = 'r' AND relname LIKE 'procrastinate\_%' AND relnamespace = current_schema()::regnamespace
    LOOP EXECUTE drop_one; END LOOP;
    FOR drop_one IN
        SELECT format('DROP FUNCTION %s CASCADE', oid::regprocedure) FROM pg_proc
        WHERE proname LIKE 'procrastinate\_%' AND pronamespace = current_schema()::regnamespace
    LOOP EXECUTE drop_one; END LOOP;
    FOR drop_one IN
        SELECT format('DROP TYPE %s CASCADE', oid::regtype) FROM pg_type
        WHERE typname LIKE 'procrastinate\_%' AND typnamespace = current_schema()::regnamespace
            AND (typtype = 'e' OR typtype = 'c')
    LOOP EXECUTE drop_one; END LOOP;
END $$
"""


def upgrade() -> None:
    if _on_postgresql():
        _execute(SchemaManager.get_schema())
        _execute(KEYS)


def downgrade() -> None:
    if _on_postgresql():
        _execute(DROP_ALL)


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _execute(sql: str) -> None:
    """By the driver itself: SQLAlchemy would look for parameters in it, and take one statement only."""
    op.get_bind().connection.cursor().execute(sql)
