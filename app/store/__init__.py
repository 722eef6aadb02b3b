"""The database. The only package that speaks SQLAlchemy or SQL.

instants    moments as text
tables      every table, once
schema      migrations
database    the engine for the console, the API and the commands
records     what one turn of a call writes
statements  a record -> SQL, the same on both databases
hot         the path of a live call: protocol and faults
groups      what arrives while a commit is under way goes next, together
sqlite      a live call on SQLite
postgres    a live call on PostgreSQL: plain psycopg
lookups     what a live call reads
journal     what could not be written yet
paging      lists by cursor
calls, cases, partners, closures, keys, audit      what the API and the commands read and write
partner_*   a partner file's way into the database, a million rows at once
"""
