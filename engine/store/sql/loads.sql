-- begin --
INSERT INTO loading (message, channel, inbound, known, position, phase, expected, met, unchanged, vanished, rejected,
  reasons, twin, began_at, ended_at, told, way) VALUES (?, ?, ?, ?, x'', 0, ?, 0, 0, 0, 0, '{}', ?, ?, 0.0, 0, ?);

-- standing --
SELECT reasons, twin FROM loading WHERE message = ?1 AND position = ?2 AND phase = ?3;

-- step --
UPDATE loading SET position = ?2, phase = ?3, met = met + ?4, unchanged = unchanged + ?5, vanished = vanished + ?6,
  rejected = rejected + ?7, reasons = ?8, twin = ?9, ended_at = ?10 WHERE message = ?1;

-- keep --
INSERT OR REPLACE INTO last_file (channel, key, digest, content) VALUES

-- gone --
DELETE FROM last_file WHERE channel = ? AND key = ?;

-- twins --
-- The parts of a message that is repeated, behind one.
SELECT id FROM message WHERE parent = ?1 AND parent > 0 AND id > ?2 AND flags & 4 ORDER BY id LIMIT ?3;

-- alike --
-- Whether every record of a message became a part of it.
SELECT NOT EXISTS (SELECT 1 FROM loading WHERE message = ? AND (unchanged > 0 OR phase < 2));

-- told --
UPDATE loading SET told = 1 WHERE message = ?;

-- open --
SELECT l.message, c.name, l.inbound, l.known, l.position, l.phase, l.expected, l.met, l.unchanged, l.vanished, l.rejected,
       l.reasons, l.began_at, l.ended_at, l.way, b.codec, b.bytes
  FROM loading AS l INDEXED BY loading_open JOIN channel AS c ON c.id = l.channel JOIN message AS m ON m.id = l.message
  JOIN content AS b ON b.id = m.content WHERE l.phase < 2 ORDER BY l.channel, l.message;

-- untold --
SELECT l.message, c.name, l.inbound, l.known, l.position, l.phase, l.expected, l.met, l.unchanged, l.vanished, l.rejected,
       l.reasons, l.began_at, l.ended_at, l.way, b.codec, b.bytes
  FROM loading AS l INDEXED BY loading_told JOIN channel AS c ON c.id = l.channel JOIN message AS m ON m.id = l.message
  JOIN content AS b ON b.id = m.content WHERE l.phase = 2 AND l.rejected > 0 AND l.told = 0 ORDER BY l.message LIMIT 100;

-- one --
SELECT l.message, c.name, l.inbound, l.known, l.position, l.phase, l.expected, l.met, l.unchanged, l.vanished, l.rejected,
       l.reasons, l.began_at, l.ended_at, l.way, b.codec, b.bytes
  FROM loading AS l JOIN channel AS c ON c.id = l.channel JOIN message AS m ON m.id = l.message
  JOIN content AS b ON b.id = m.content WHERE l.message = ?;

-- over --
-- Whether a message is kept and taken apart no more; no row = it is not kept (yet).
SELECT NOT EXISTS (SELECT 1 FROM loading AS l WHERE l.message = m.id AND l.phase < 2) FROM message AS m WHERE m.id = ?;

-- digests --
SELECT key, digest FROM last_file WHERE channel = ? AND key IN carray(?);

-- known --
SELECT count(*) FROM last_file WHERE channel = ?;

-- missing --
SELECT count(*) FROM last_file AS l WHERE l.channel = ? AND NOT EXISTS (SELECT 1 FROM there.met AS m WHERE m.key = l.key);

-- vanished --
SELECT l.key, c.bytes FROM last_file AS l LEFT JOIN content AS c ON c.id = l.content
 WHERE l.channel = ?1 AND l.key > ?2 AND NOT EXISTS (SELECT 1 FROM there.met AS m WHERE m.key = l.key)
 ORDER BY l.key LIMIT ?3;

-- rejected --
SELECT m.id, m.reason, m.detail, m.facts, c.bytes FROM message AS m JOIN content AS c ON c.id = m.content
 WHERE m.parent = ?1 AND m.parent > 0 AND m.id > ?2 AND m.verdict = 3 AND m.flags & 4 ORDER BY m.id LIMIT ?3;
