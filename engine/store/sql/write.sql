-- Heads of statements that take many rows; `schema.Rows` adds the VALUES.

-- message --
INSERT INTO message (id, channel, arrival, received_at, verdict, reason, detail, owner, kind, control, peer,
  facts, parent, replay_of, original, summary, release, size, content, depth, flags, planned, keys) VALUES

-- message_with_effects --
INSERT INTO message (id, channel, arrival, received_at, verdict, reason, detail, owner, kind, control, peer,
  facts, parent, replay_of, original, summary, release, size, content, depth, flags, planned, keys, tables, grouping,
  joined) VALUES

-- content --
INSERT INTO content (id, codec, key_id, crc, bytes) VALUES

-- seen --
INSERT OR IGNORE INTO seen (channel, key, message, digest) VALUES

-- search --
INSERT OR IGNORE INTO search (value, name, message) VALUES

-- delivery --
INSERT INTO delivery (id, destination, part, state, attempt, crashes, due_at, lane, lanes, holds_lane, content,
  options, shows, queued_at, flags, keyed) VALUES

-- delivery_after --
INSERT INTO delivery (id, destination, part, state, attempt, crashes, due_at, lane, lanes, holds_lane, content,
  options, shows, queued_at, flags, keyed, after) VALUES

-- queue --
INSERT OR IGNORE INTO queue (destination, lane, delivery) VALUES

-- event --
INSERT INTO event (id, delivery, at, kind, began, attempt, status, detail, duration, due_at, kept, reply, who)
VALUES

-- mark --
INSERT OR REPLACE INTO memory (space, name, value) VALUES

-- counter --
INSERT OR REPLACE INTO counter (scope, a, b, n) VALUES

-- dequeue --
DELETE FROM queue WHERE (destination, lane, delivery) IN (VALUES

-- step --
UPDATE delivery SET state = ?1, attempt = ?2, due_at = ?3, holds_lane = ?4
 WHERE id IN carray(?6) AND state = ?5;

-- met --
SELECT message, digest FROM seen WHERE channel = ? AND key = ?;

-- verdict_of --
SELECT verdict FROM message WHERE id = ?;

-- keyed --
SELECT keyed FROM delivery WHERE id > ? AND id < ? LIMIT 1;

-- part_at --
SELECT id FROM message WHERE parent = ? AND parent > 0 ORDER BY id LIMIT 1 OFFSET ?;

-- rename --
UPDATE destination SET name = ? WHERE channel = ? AND name = ?;

-- came_from --
SELECT replay_of, parent FROM message WHERE id = ?;

-- define_channel --
INSERT OR IGNORE INTO channel (id, name) VALUES (?, ?);

-- define_destination --
INSERT OR IGNORE INTO destination (id, channel, name) VALUES (?, ?, ?);

-- define_key_name --
INSERT OR IGNORE INTO key_name (id, name) VALUES (?, ?);

-- answer_of --
-- What the sender of a message was told by a destination's delivery.
SELECT c.bytes FROM delivery AS d JOIN content AS c ON c.id = d.content
 WHERE d.id > ?1 * 65536 AND d.id < (?1 + 1) * 65536 AND d.destination = ?2 AND d.part = ?3
   AND c.codec = 0 AND c.bytes IS NOT NULL ORDER BY d.id LIMIT 1;
