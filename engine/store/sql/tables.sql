-- has_tables --
SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'table_version';

-- publish --
INSERT INTO table_version (name, version, at, who, owner, reason, approver, row_count, digest, file, added, removed,
  changed, rolled_back_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- latest --
SELECT coalesce(max(version), 0) FROM table_version WHERE name = ?;

-- newest --
SELECT name, version, at, who, owner, reason, approver, row_count, digest, file, added, removed, changed, rolled_back_to
FROM table_version AS one
WHERE version = (SELECT max(version) FROM table_version WHERE name = one.name) ORDER BY name;

-- versions --
SELECT name, version, at, who, owner, reason, approver, row_count, digest, file, added, removed, changed, rolled_back_to
FROM table_version WHERE name = ? ORDER BY version;

-- files --
SELECT DISTINCT name, file, digest FROM table_version ORDER BY name, file;

-- use --
INSERT INTO table_use (name, key, day) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET day = excluded.day WHERE day < excluded.day;

-- missed_again --
UPDATE table_miss SET at = ?, count = count + ?, last_at = ? WHERE name = ? AND key = ?;

-- missed --
INSERT INTO table_miss (name, key, at, count, first_at, last_at) VALUES (?, ?, ?, ?, ?, ?);

-- misses_kept --
SELECT count(*) FROM table_miss WHERE name = ?;

-- used --
SELECT key FROM table_use WHERE name = ? AND day >= ?;

-- last_used --
SELECT coalesce(max(day), 0) FROM table_use WHERE name = ?;

-- misses --
SELECT key, at, count, first_at, last_at FROM table_miss WHERE name = ? ORDER BY count DESC, key;
