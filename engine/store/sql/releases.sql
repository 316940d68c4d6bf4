-- latest --
SELECT name FROM release WHERE channel = ? ORDER BY id DESC LIMIT 1;

-- text --
INSERT OR IGNORE INTO text (digest, bytes) VALUES (?, ?);

-- release --
INSERT INTO release (channel, name, at, who, files) VALUES (?, ?, ?, ?, ?);

-- texts --
SELECT digest, bytes FROM text WHERE digest > ? ORDER BY digest LIMIT ?;

-- releases --
SELECT r.id, r.name, r.files, c.id IS NOT NULL FROM release AS r LEFT JOIN channel AS c ON c.id = r.channel
 WHERE r.id > ? ORDER BY r.id LIMIT ?;
