-- recall --
SELECT value, until FROM remembered WHERE name = ? AND key = ?;

-- remember --
INSERT OR REPLACE INTO remembered (name, key, value, until) VALUES

-- forget --
DELETE FROM remembered WHERE name = ? AND key = ?;

-- expire --
DELETE FROM remembered WHERE (name, key) IN
 (SELECT name, key FROM remembered WHERE until <= ? ORDER BY until LIMIT ?);

-- last --
SELECT last FROM sequence WHERE name = ?;

-- number --
INSERT INTO sequence (name, last) VALUES

-- newest --
SELECT id, channel, destination, key, flags, opened_at, ends_at, due_at, sealed, version, standing, released_at, message,
       size FROM grouping WHERE channel = ? AND destination = ? AND key = ? AND flags = ? ORDER BY id DESC LIMIT 1;

-- grouping --
SELECT id, channel, destination, key, flags, opened_at, ends_at, due_at, sealed, version, standing, released_at, message,
       size FROM grouping WHERE id = ?;

-- group --
INSERT INTO grouping (id, channel, destination, key, flags, opened_at, ends_at, due_at, sealed, version, standing,
  released_at, message, size) VALUES

-- of_source --
SELECT id FROM member WHERE grouping = ? AND source = ? AND source IS NOT NULL ORDER BY id DESC LIMIT 1;

-- of_message --
SELECT id FROM member WHERE message = ? AND grouping = ? AND replaced = 0 AND source IS NULL ORDER BY id;

-- member --
INSERT INTO member (id, grouping, message, content, entity, kind, source, joined_at, replaced) VALUES

-- replace --
UPDATE member SET replaced = ? WHERE id = ?;

-- seal --
UPDATE grouping SET due_at = ?2, sealed = 1 WHERE id = ?1 AND message = 0;

-- due --
SELECT g.id, c.name, coalesce(d.name, ''), g.key, g.flags, g.opened_at, g.version
  FROM grouping AS g JOIN channel AS c ON c.id = g.channel LEFT JOIN destination AS d ON d.id = g.destination
 WHERE g.message = 0 AND g.due_at > 0 AND g.due_at <= ? ORDER BY g.due_at LIMIT ?;

-- due_of --
SELECT g.id, c.name, coalesce(d.name, ''), g.key, g.flags, g.opened_at, g.version
  FROM grouping AS g INDEXED BY grouping_due CROSS JOIN channel AS c ON c.id = g.channel
  LEFT JOIN destination AS d ON d.id = g.destination
 WHERE g.message = 0 AND g.due_at > 0 AND g.due_at <= ?1 AND g.channel IN carray(?2) ORDER BY g.due_at LIMIT ?3;

-- waiting_groups --
SELECT c.name, coalesce(d.name, ''), count(*)
  FROM grouping AS g JOIN channel AS c ON c.id = g.channel LEFT JOIN destination AS d ON d.id = g.destination
 WHERE g.message = 0 GROUP BY g.channel, g.destination;

-- next_due --
SELECT due_at FROM grouping WHERE message = 0 AND due_at > 0 ORDER BY due_at LIMIT 1;

-- open_group --
SELECT g.id, c.name, coalesce(d.name, ''), g.key, g.flags, g.opened_at, g.version
  FROM grouping AS g JOIN channel AS c ON c.id = g.channel LEFT JOIN destination AS d ON d.id = g.destination
 WHERE g.id = ? AND g.message = 0;

-- members --
SELECT m.message, c.bytes, e.bytes, m.kind
  FROM member AS m JOIN content AS c ON c.id = m.content LEFT JOIN content AS e ON e.id = m.entity
 WHERE m.grouping = ? AND m.replaced = 0 ORDER BY m.id;

-- states --
SELECT id, state FROM delivery WHERE id > ?1 * 65536 AND id < (?1 + 1) * 65536 AND destination = ?2 ORDER BY id;

-- awaited --
SELECT DISTINCT channel, name, destination FROM expectation INDEXED BY expectation_awaited WHERE confirmed = 0;

-- expect --
INSERT INTO expectation (message, carrier, destination, channel, name, value, within, due_at, told, told_at, confirmed)
VALUES

-- expect_ack --
INSERT INTO expectation (message, carrier, destination, channel, name, value, within, due_at, told, told_at, confirmed,
  payload, says) VALUES

-- answered --
UPDATE expectation SET confirmed = ?1, outcome = ?4, said = ?5
 WHERE value = ?2 AND channel = ?3 AND payload > 0 AND outcome < ?4;

-- answered_all --
UPDATE expectation SET confirmed = ?1, outcome = ?4, said = ?5
 WHERE value >= ?2 AND value < ?6 AND channel = ?3 AND payload > 0 AND outcome < ?4;

-- answered_rest --
UPDATE expectation SET confirmed = ?1, outcome = ?4, said = ?5
 WHERE value >= ?2 AND value < ?6 AND channel = ?3 AND payload > 0 AND outcome = 0;

-- answered_interchange --
-- Of a rejected interchange everything in it is.
UPDATE expectation SET confirmed = ?1, outcome = ?4, said = ?5
 WHERE payload > 0 AND outcome < ?4 AND (carrier, destination, payload) IN
   (SELECT carrier, destination, payload FROM expectation WHERE value = ?2 AND channel = ?3 AND payload > 0);

-- refused --
SELECT e.id, e.carrier, e.message, c.name, d.name, a.name, e.says, e.said, e.confirmed, n.received_at
  FROM expectation AS e JOIN message AS m ON m.id = e.message JOIN channel AS c ON c.id = m.channel
  JOIN destination AS d ON d.id = e.destination JOIN channel AS a ON a.id = e.channel
  JOIN message AS n ON n.id = e.confirmed
 WHERE e.outcome = 4 AND e.refused = 0 ORDER BY e.id LIMIT ?1;

-- refusal_told --
UPDATE expectation SET refused = ?2 WHERE id = ?1;

-- confirm --
UPDATE expectation SET confirmed = ?1 WHERE value = ?2 AND name = ?3 AND channel = ?4 AND confirmed = 0;

-- carried --
UPDATE expectation SET carrier = ?1 WHERE carrier = 0 AND destination = ?3
   AND message IN (SELECT message FROM member WHERE grouping = ?2);

-- carried_again --
-- A batch that was quarantined and is sent by a replay.
UPDATE expectation SET carrier = ?1 WHERE carrier = ?2 AND destination = ?3 AND message <> carrier AND due_at = 0;

-- delivered --
UPDATE expectation SET due_at = max(due_at, ?3 + within)
 WHERE carrier = ?1 AND destination = ?2 AND confirmed = 0 AND within > 0;

-- overdue --
SELECT e.id, e.message, c.name, d.name, a.name, e.due_at - e.within, e.within, CASE WHEN e.payload THEN e.carrier ELSE 0 END,
       e.destination
  FROM expectation AS e JOIN message AS m ON m.id = e.message JOIN channel AS c ON c.id = m.channel
  JOIN destination AS d ON d.id = e.destination JOIN channel AS a ON a.id = e.channel
 WHERE e.confirmed = 0 AND e.told = 0 AND e.due_at > 0 AND e.due_at <= ?1
   AND NOT EXISTS (SELECT 1 FROM delivery AS o WHERE o.id > e.carrier * 65536 AND o.id < (e.carrier + 1) * 65536
                      AND o.destination = e.destination AND o.state < 4)
 ORDER BY e.due_at LIMIT ?2;

-- told --
UPDATE expectation SET told = ?2, told_at = ?3 WHERE id = ?1 AND told = 0;
