-- Inserts, an index, joins, aggregates, sorting, LIKE and JSON.
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL, owner INTEGER);
CREATE TABLE owner(id INTEGER PRIMARY KEY, name TEXT, extra TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
INSERT INTO item SELECT i, printf('item %06d', i * 7919 % 200000), i * 0.25, i % 5000 FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999)
INSERT INTO owner SELECT i, 'owner ' || i, json_object('level', i % 9, 'tag', 't' || i) FROM n;
CREATE INDEX item_name ON item(name);
SELECT o.name, count(*), sum(i.price) FROM item i JOIN owner o ON o.id = i.owner GROUP BY o.name ORDER BY 3 DESC LIMIT 3;
SELECT count(*) FROM item WHERE name LIKE '%99%';
SELECT count(DISTINCT substr(name, 6, 4)) FROM item;
SELECT json_extract(extra, '$.level') AS level, count(*) FROM owner GROUP BY level;
SELECT count(*) FROM (SELECT name, row_number() OVER (PARTITION BY owner ORDER BY price DESC) AS r FROM item) WHERE r = 1;
UPDATE item SET price = price * 1.1 WHERE owner % 7 = 0;
DELETE FROM item WHERE owner % 11 = 0;
