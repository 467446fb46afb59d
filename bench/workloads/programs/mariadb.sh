#!/bin/sh
# A MariaDB server of its own, and SQL that it bootstraps with; usage: mariadb.sh SECONDS DIRECTORY
set -eu
data=$(mktemp -d /tmp/mywork.XXXXXX)
{
	echo "create database work; use work;"
	echo "create table t(id int auto_increment primary key, name varchar(40), n int, key(name)) engine=innodb;"
	echo "insert into t(name, n) values('a', 1), ('b', 2), ('c', 3), ('d', 4);"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
		echo "insert into t(name, n) select md5(concat(name, id, n)), n + id from t;"
	done
	for _ in 1 2 3 4 5 6; do
		echo "select name, sum(n) from t where name like '%a%' group by name order by 2 desc limit 5;"
		echo "update t set n = n + 1 where id % 3 = 0;"
	done
	echo "select count(*) from t a join t b on a.name = b.name;"
} | mariadbd --no-defaults --bootstrap --user=root --datadir="$data" --skip-grant-tables || true
rm -rf "$data"
