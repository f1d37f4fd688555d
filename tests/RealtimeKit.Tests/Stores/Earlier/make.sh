#!/bin/sh
# Makes the databases of version 1 that EarlierVersionTests opens: builds the last commit with that schema, lets its own stores write, and keeps what they wrote.
# Needs git, the .NET SDK, pg_dump, and a PostgreSQL server that REALTIMEKIT_POSTGRESQL names for Npgsql and PGHOST, PGPORT, PGUSER for pg_dump.
set -eu
commit=2a878df2cee8b2e2fb292038b110f6c17d4ec967
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git clone --quiet --no-checkout --shared "$(git -C "$here" rev-parse --show-toplevel)" "$folder/earlier"
git -C "$folder/earlier" checkout --quiet --detach "$commit"
mkdir "$folder/earlier/tests/Writer"
cp "$here/Writer/Program.cs" "$here/Writer/Writer.csproj" "$here/EarlierContents.cs" "$folder/earlier/tests/Writer/"
run() { dotnet run --project "$folder/earlier/tests/Writer" -c Release -- "$@"; }
run sqlite "Data Source=$folder/schema-1.db;Pooling=False" "$folder/schema-1.txt"
# One file: what is in the log goes into it.
python3 - "$folder/schema-1.db" <<'PYTHON'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode = DELETE")
database.execute("VACUUM")
PYTHON
gzip -9 -n -c "$folder/schema-1.db" > "$here/schema-1.db.gz"
run postgresql "$REALTIMEKIT_POSTGRESQL" "$folder/other.txt"
cmp "$folder/schema-1.txt" "$folder/other.txt"
gzip -9 -n -c "$folder/schema-1.txt" > "$here/schema-1.txt.gz"
pg_dump --schema=earlier --no-owner --no-privileges --inserts --rows-per-insert=200 postgres | grep -v -e '^\\' -e '^--' -e '^$' > "$folder/schema-1.sql"
gzip -9 -n -c "$folder/schema-1.sql" > "$here/schema-1.sql.gz"
PGOPTIONS='-c client_min_messages=warning' psql --quiet --command='DROP SCHEMA earlier CASCADE' postgres
