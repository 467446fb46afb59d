#!/bin/sh
# A PostgreSQL server of its own and pgbench against it; usage: postgres.sh SECONDS DIRECTORY
set -eu
data=$(mktemp -d /tmp/pgwork.XXXXXX)
chown postgres "$data"
cd "$data"
as="setpriv --reuid postgres --regid postgres --clear-groups env HOME=$data"
$as initdb -D "$data/db" -A trust >/dev/null 2>&1
$as postgres -D "$data/db" -k "$data" -h '' >"$data/log" 2>&1 &
server=$!
sleep 1.5
$as pgbench -h "$data" -U postgres -i -s 2 postgres >/dev/null 2>&1
$as pgbench -h "$data" -U postgres -c 2 -T "$1" postgres || true
$as psql -h "$data" -U postgres -c "select bid, sum(abalance), count(distinct filler), max(md5(aid::text)) from
	pgbench_accounts a join generate_series(1, 3) g on true group by bid order by 2" postgres || true
kill "$server"
wait "$server" || true
rm -rf "$data"
