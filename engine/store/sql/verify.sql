-- extent --
SELECT max((SELECT coalesce(max(id), 0) FROM message), (SELECT coalesce(max(id), 0) / 65536 FROM delivery),
           (SELECT coalesce(max(delivery), 0) / 65536 FROM event));

-- last_content --
SELECT coalesce(max(id), 0) FROM content;

-- messages --
SELECT m.id, m.verdict, m.planned, m.original, m.flags, m.channel, m.content, m.keys, o.verdict,
       (SELECT count(*) FROM delivery WHERE id > m.id * 65536 AND id < (m.id + 1) * 65536),
       c.id IS NOT NULL, h.id IS NOT NULL, m.reason
  FROM message AS m LEFT JOIN message AS o ON o.id = m.original LEFT JOIN content AS c ON c.id = m.content
  LEFT JOIN channel AS h ON h.id = m.channel
 WHERE m.id >= ?1 AND m.id < ?2;

-- deliveries --
SELECT d.id, d.destination, d.state, d.attempt, d.lane, d.lanes, d.holds_lane, d.content, d.crashes,
       m.id IS NOT NULL, c.id IS NOT NULL, n.id IS NOT NULL
  FROM delivery AS d LEFT JOIN message AS m ON m.id = d.id / 65536 LEFT JOIN content AS c ON c.id = d.content
  LEFT JOIN destination AS n ON n.id = d.destination
 WHERE d.id >= ?1 * 65536 AND d.id < ?2 * 65536;

-- events --
SELECT e.delivery, e.id, e.kind, e.began IS NOT NULL, e.attempt, e.reply,
       e.reply IS NULL OR EXISTS (SELECT 1 FROM content WHERE id = e.reply)
  FROM event AS e WHERE e.delivery >= ?1 * 65536 AND e.delivery < ?2 * 65536 ORDER BY e.delivery, e.id;

-- stands --
SELECT 1 FROM queue WHERE destination = ? AND lane = ? AND delivery = ?;

-- queue --
SELECT q.destination, q.lane, q.delivery, d.holds_lane, d.destination, d.lane, d.lanes
  FROM queue AS q LEFT JOIN delivery AS d ON d.id = q.delivery
 WHERE (q.destination, q.lane, q.delivery) > (?, ?, ?)
 ORDER BY q.destination, q.lane, q.delivery LIMIT ?;

-- seen --
SELECT s.channel, s.key, s.message, m.channel, m.verdict, m.flags
  FROM seen AS s LEFT JOIN message AS m ON m.id = s.message
 WHERE (s.channel, s.key) > (?, ?) ORDER BY s.channel, s.key LIMIT ?;

-- keyed --
SELECT (SELECT count(*) FROM seen), (SELECT count(*) FROM message WHERE flags & 1);

-- in_search --
SELECT 1 FROM search WHERE value = ? AND message = ? AND name = (SELECT id FROM key_name WHERE name = ?);

-- search --
SELECT s.value, s.name, s.message, m.keys IS NOT NULL
  FROM search AS s LEFT JOIN message AS m ON m.id = s.message
 WHERE (s.value, s.name, s.message) > (?, ?, ?) ORDER BY s.value, s.name, s.message LIMIT ?;

-- contents --
SELECT id, codec, crc, bytes FROM content WHERE id > ? ORDER BY id LIMIT ?;

-- verdict_counters --
SELECT a, b, sum(counted), sum(kept) FROM (
  SELECT a, b, n AS counted, 0 AS kept FROM counter WHERE scope = 0
  UNION ALL SELECT channel, verdict, 0, count(*) FROM message GROUP BY channel, verdict)
 GROUP BY a, b HAVING sum(counted) <> sum(kept);

-- state_counters --
SELECT a, b, sum(counted), sum(kept) FROM (
  SELECT a, b, n AS counted, 0 AS kept FROM counter WHERE scope = 1
  UNION ALL SELECT destination, state, 0, count(*) FROM delivery GROUP BY destination, state)
 GROUP BY a, b HAVING sum(counted) <> sum(kept);

-- version --
PRAGMA user_version;

-- joined --
SELECT m.id, m.verdict, m.joined, (SELECT count(*) FROM member WHERE message = m.id), m.grouping,
       coalesce((SELECT message FROM grouping WHERE id = m.grouping), 0)
  FROM message AS m WHERE m.id >= ?1 AND m.id < ?2 AND (m.joined > 0 OR m.grouping > 0 OR m.verdict = 5);

-- groups --
SELECT g.id, g.version, g.standing, g.message, (SELECT count(*) FROM member WHERE grouping = g.id),
       (SELECT count(*) FROM member WHERE grouping = g.id AND replaced = 0), r.grouping,
       EXISTS (SELECT 1 FROM channel WHERE id = g.channel),
       g.destination = 0 OR EXISTS (SELECT 1 FROM destination WHERE id = g.destination AND channel = g.channel),
       EXISTS (SELECT 1 FROM grouping AS o WHERE o.channel = g.channel AND o.destination = g.destination
                  AND o.key = g.key AND o.flags = g.flags AND o.id > g.id
                  AND g.message = 0 AND g.sealed = 0 AND (g.due_at = 0 OR o.opened_at < g.due_at))
  FROM grouping AS g LEFT JOIN message AS r ON r.id = g.message WHERE g.id > ? ORDER BY g.id LIMIT ?;

-- members --
SELECT m.id, m.content, m.entity, m.replaced, g.id IS NOT NULL, s.id IS NOT NULL, c.id IS NOT NULL,
       m.entity = 0 OR EXISTS (SELECT 1 FROM content WHERE id = m.entity),
       m.replaced = 0 OR EXISTS (SELECT 1 FROM member AS n WHERE n.id = m.replaced AND n.id > m.id
                                    AND n.grouping = m.grouping
                                    AND (n.source = m.source OR m.source IS NULL AND n.source IS NULL
                                         AND (SELECT replay_of FROM message WHERE id = n.message) = m.message))
  FROM member AS m LEFT JOIN grouping AS g ON g.id = m.grouping LEFT JOIN message AS s ON s.id = m.message
  LEFT JOIN content AS c ON c.id = m.content WHERE m.id > ? ORDER BY m.id LIMIT ?;

-- expectations --
SELECT e.id, e.message, e.carrier, e.confirmed, e.due_at,
       EXISTS (SELECT 1 FROM delivery WHERE id > e.carrier * 65536 AND id < (e.carrier + 1) * 65536
                  AND destination = e.destination AND (e.payload = 0 OR part = e.payload)),
       EXISTS (SELECT 1 FROM member AS m JOIN grouping AS g ON g.id = m.grouping
                WHERE m.message = e.message AND g.destination = e.destination
                  AND (g.message = e.carrier OR e.carrier <> 0)),
       (SELECT verdict FROM message WHERE id = e.confirmed),
       CASE WHEN e.within = 0 THEN 0.0 ELSE coalesce((SELECT max(v.at) FROM delivery AS d JOIN event AS v ON v.delivery = d.id AND v.kind = 4
                  WHERE d.id > e.carrier * 65536 AND d.id < (e.carrier + 1) * 65536
                    AND d.destination = e.destination) + e.within, 0.0) END,
       e.outcome BETWEEN 0 AND 4 AND (e.refused = 0 OR e.outcome = 4)
       AND ((e.outcome = 0) = (e.confirmed = 0) OR e.payload = 0),
       EXISTS (SELECT 1 FROM channel WHERE id = e.channel)
       AND (e.confirmed = 0 OR (SELECT channel FROM message WHERE id = e.confirmed) IS e.channel)
  FROM expectation AS e WHERE e.id > ? ORDER BY e.id LIMIT ?;

-- expectations_before --
-- The same before there were acknowledgements: schema 2 to 4.
SELECT e.id, e.message, e.carrier, e.confirmed, e.due_at,
       EXISTS (SELECT 1 FROM delivery WHERE id > e.carrier * 65536 AND id < (e.carrier + 1) * 65536
                  AND destination = e.destination),
       EXISTS (SELECT 1 FROM member AS m JOIN grouping AS g ON g.id = m.grouping
                WHERE m.message = e.message AND g.destination = e.destination
                  AND (g.message = e.carrier OR e.carrier <> 0)),
       (SELECT verdict FROM message WHERE id = e.confirmed),
       coalesce((SELECT max(v.at) FROM delivery AS d JOIN event AS v ON v.delivery = d.id AND v.kind = 4
                  WHERE d.id > e.carrier * 65536 AND d.id < (e.carrier + 1) * 65536
                    AND d.destination = e.destination) + e.within, 0.0),
       1,
       EXISTS (SELECT 1 FROM channel WHERE id = e.channel)
       AND (e.confirmed = 0 OR (SELECT channel FROM message WHERE id = e.confirmed) IS e.channel)
  FROM expectation AS e WHERE e.id > ? ORDER BY e.id LIMIT ?;

-- loadings --
SELECT l.message, m.verdict, l.phase, l.ended_at, l.met - l.unchanged + l.vanished, l.rejected,
       (SELECT count(*) FROM message WHERE parent = l.message AND parent > 0 AND flags & 4 AND kind <> 'rejects'),
       (SELECT count(*) FROM message WHERE parent = l.message AND parent > 0 AND flags & 4 AND verdict = 3)
  FROM loading AS l LEFT JOIN message AS m ON m.id = l.message WHERE l.message > ? ORDER BY l.message LIMIT ?;

-- last_files --
SELECT l.channel, l.key, l.content, c.bytes IS NOT NULL OR NULL, EXISTS (SELECT 1 FROM channel WHERE id = l.channel)
  FROM last_file AS l LEFT JOIN content AS c ON c.id = l.content
 WHERE (l.channel, l.key) > (?, ?) ORDER BY l.channel, l.key LIMIT ?;
