-- found --
SELECT m.id, c.name, m.received_at, m.verdict, m.reason, m.kind, m.control, m.peer, m.size
  FROM message AS m JOIN channel AS c ON c.id = m.channel WHERE m.id = ?;

-- states --
SELECT state, count(*) FROM delivery WHERE id > ?1 * 65536 AND id < (?1 + 1) * 65536 GROUP BY state;

-- channels --
SELECT id FROM channel;

-- channel_names --
SELECT id, name FROM channel ORDER BY name;

-- channel_number --
SELECT id FROM channel WHERE name = ?;

-- by_value --
SELECT message FROM search WHERE value = ?1 AND message < ?2 GROUP BY message ORDER BY message DESC LIMIT ?3;

-- by_name_and_value --
SELECT message FROM search WHERE value = ?1 AND name = (SELECT id FROM key_name WHERE name = ?4) AND message < ?2
 ORDER BY message DESC LIMIT ?3;

-- by_control --
SELECT id FROM message WHERE control = ?1 AND control <> '' AND id < ?2 ORDER BY id DESC LIMIT ?3;

-- by_trouble --
SELECT id FROM message WHERE verdict = ?1 AND verdict IN (2, 3, 5)
   AND arrival < coalesce((SELECT arrival FROM message WHERE id = ?2), 9223372036854775807)
 ORDER BY arrival DESC LIMIT ?3;

-- by_parked --
SELECT DISTINCT id / 65536 AS message FROM delivery WHERE state = ?1 AND state IN (1, 2, 3) AND id < ?2 * 65536
 ORDER BY id DESC LIMIT ?3;

-- by_channel --
SELECT id FROM message WHERE channel = ?1
   AND arrival < coalesce((SELECT arrival FROM message WHERE id = ?2), 9223372036854775807)
 ORDER BY arrival DESC LIMIT ?3;

-- by_id --
SELECT id FROM message WHERE id < ?2 ORDER BY id DESC LIMIT ?3;

-- facts --
SELECT m.id, m.channel, m.verdict, m.kind, m.control, m.received_at FROM message AS m WHERE m.id IN carray(?);

-- in_state --
SELECT DISTINCT id / 65536 FROM delivery WHERE id > ?1 * 65536 AND id < (?2 + 1) * 65536 AND state = ?3;

-- received_from --
SELECT received_at FROM message WHERE id >= ? ORDER BY id LIMIT 1;

-- keys --
SELECT keys FROM message WHERE id = ?;

-- raw --
SELECT c.codec, c.bytes FROM message AS m JOIN content AS c ON c.id = m.content WHERE m.id = ?;

-- payload --
SELECT c.codec, c.bytes FROM delivery AS d JOIN content AS c ON c.id = d.content WHERE d.id = ?;

-- inbound --
SELECT received_at, peer, facts, depth, flags, parent FROM message WHERE id = ?;

-- deliveries --
SELECT d.id, n.name, d.state, d.attempt, d.crashes, d.due_at, d.part, d.shows, d.lane, d.lanes, d.options,
       d.queued_at, e.status, e.detail, e.at, e.kept
  FROM delivery AS d JOIN destination AS n ON n.id = d.destination
  LEFT JOIN event AS e ON e.id = (SELECT max(id) FROM event WHERE delivery = d.id)
 WHERE d.id > ?1 * 65536 AND d.id < (?1 + 1) * 65536 ORDER BY d.id;

-- destinations --
SELECT d.id, c.name, d.name, h.held, h.rate, h.who, h.reason, h.since
  FROM destination AS d JOIN channel AS c ON c.id = d.channel LEFT JOIN hold AS h ON h.destination = d.id
 ORDER BY c.name, d.name;

-- counters --
SELECT scope, a, b, n FROM counter WHERE scope IN (1, 2);

-- verdicts --
SELECT c.name, k.b, k.n FROM counter AS k JOIN channel AS c ON c.id = k.a WHERE k.scope = 0;

-- oldest --
SELECT queued_at FROM delivery WHERE id = (SELECT min(delivery) FROM queue WHERE destination = ?);

-- commands --
SELECT id, verb, arguments, who, reason, asked_at, expires_at, finished_at, done, outcome FROM command
 ORDER BY id DESC LIMIT ?;

-- audits --
SELECT id, at, who, action, what, reason, chain FROM audit
 WHERE id < ?1 AND (?2 = '' OR who = ?2) AND (?3 = '' OR instr(action, ?3)) AND (?4 = '' OR instr(what, ?4))
   AND at >= ?5 AND at < ?6
 ORDER BY id DESC LIMIT ?7;

-- story --
SELECT m.id, c.name, m.arrival, m.received_at, m.verdict, m.reason, m.detail, m.kind, m.summary, m.parent,
       m.replay_of, m.original, m.flags
  FROM message AS m JOIN channel AS c ON c.id = m.channel WHERE m.id = ?;

-- queued --
SELECT d.id, n.name, d.queued_at, d.shows FROM delivery AS d JOIN destination AS n ON n.id = d.destination
 WHERE d.id > ?1 * 65536 AND d.id < (?1 + 1) * 65536 ORDER BY d.id;

-- events --
SELECT e.id, e.delivery, coalesce(n.name, ''), e.at, e.kind, e.began, e.attempt, e.status, e.detail, e.duration,
       e.due_at, e.kept, e.who
  FROM event AS e LEFT JOIN delivery AS d ON d.id = e.delivery LEFT JOIN destination AS n ON n.id = d.destination
 WHERE e.delivery >= ?1 * 65536 AND e.delivery < (?1 + 1) * 65536 ORDER BY e.id;

-- later --
SELECT id FROM message WHERE parent = ?1 AND parent > 0 UNION
SELECT id FROM message WHERE replay_of = ?1 AND replay_of > 0 UNION
SELECT id FROM message WHERE original = ?1 AND original > 0 ORDER BY 1 LIMIT 200;

-- follow_events --
SELECT e.id, e.delivery, coalesce(n.name, ''), e.at, e.kind, e.began, e.attempt, e.status, e.detail, e.duration,
       e.due_at, e.kept, e.who, c.name
  FROM event AS e LEFT JOIN delivery AS d ON d.id = e.delivery LEFT JOIN destination AS n ON n.id = d.destination
  LEFT JOIN message AS m ON m.id = e.delivery / 65536 LEFT JOIN channel AS c ON c.id = m.channel
 WHERE e.id > ? ORDER BY e.id LIMIT ?;

-- follow_messages --
SELECT id FROM message WHERE channel = ? AND arrival > ? ORDER BY arrival LIMIT ?;

-- latest --
SELECT max((SELECT coalesce(max(id), 0) FROM event),
           (SELECT coalesce(max((SELECT max(arrival) FROM message WHERE channel = channel.id)), 0) FROM channel));

-- parts --
SELECT id FROM message WHERE parent = ? AND parent > 0 AND flags & 4 ORDER BY id LIMIT 200;

-- reply --
SELECT c.bytes FROM event AS e JOIN content AS c ON c.id = e.reply WHERE e.delivery = ? ORDER BY e.id DESC LIMIT 1;

-- tables --
SELECT tables FROM message WHERE id = ?;

-- open_groups --
SELECT g.id, coalesce(d.name, ''), g.standing, g.opened_at, g.due_at, g.version, g.flags
  FROM grouping AS g LEFT JOIN destination AS d ON d.id = g.destination
 WHERE g.channel = ? AND g.message = 0 ORDER BY g.id LIMIT ?;

-- group_key --
SELECT key FROM grouping WHERE id = ?;

-- group_members --
SELECT message, kind, joined_at, replaced FROM member WHERE grouping = ? ORDER BY id;

-- remembered --
SELECT name, count(*) FROM remembered GROUP BY name;

-- sequences --
SELECT CASE instr(name, char(31)) WHEN 0 THEN name ELSE substr(name, 1, instr(name, char(31)) - 1) END AS plain, count(*)
  FROM sequence GROUP BY plain;

-- joined_groups --
-- Bare columns beside one min() are those of its row.
SELECT g.id, coalesce(d.name, ''), min(m.joined_at), count(*), g.released_at, g.message, coalesce(r.arrival, 0),
       coalesce(c.name, '')
  FROM member AS m JOIN grouping AS g ON g.id = m.grouping LEFT JOIN destination AS d ON d.id = g.destination
  LEFT JOIN message AS r ON r.id = g.message LEFT JOIN channel AS c ON c.id = r.channel
 WHERE m.message = ? GROUP BY g.id;

-- replaced_members --
SELECT m.grouping, coalesce(d.name, ''), n.message, n.joined_at, s.arrival
  FROM member AS m JOIN member AS n ON n.id = m.replaced JOIN message AS s ON s.id = n.message
  JOIN grouping AS g ON g.id = m.grouping LEFT JOIN destination AS d ON d.id = g.destination
 WHERE m.message = ? AND m.replaced > 0;

-- released_group --
SELECT g.id, coalesce(d.name, ''), g.standing, g.released_at
  FROM message AS m JOIN grouping AS g ON g.id = m.grouping LEFT JOIN destination AS d ON d.id = g.destination
 WHERE m.id = ? AND m.grouping > 0;

-- awaited --
SELECT n.name, a.name, e.within, e.due_at, e.told, e.told_at, e.confirmed, coalesce(c.arrival, 0),
       coalesce(c.received_at, 0.0), e.payload, e.says, e.outcome, e.said
  FROM expectation AS e JOIN destination AS n ON n.id = e.destination JOIN channel AS a ON a.id = e.channel
  LEFT JOIN message AS c ON c.id = e.confirmed WHERE e.message = ? ORDER BY e.id LIMIT 10000;

-- awaited_of_batch --
-- What must be acknowledged of an interchange that joined several messages.
SELECT n.name, a.name, e.within, e.due_at, e.told, e.told_at, e.confirmed, coalesce(c.arrival, 0),
       coalesce(c.received_at, 0.0), e.payload, e.says, e.outcome, e.said
  FROM expectation AS e JOIN destination AS n ON n.id = e.destination JOIN channel AS a ON a.id = e.channel
  LEFT JOIN message AS c ON c.id = e.confirmed WHERE e.carrier = ? AND e.message <> e.carrier AND e.payload > 0 LIMIT 10000;

-- acknowledged --
SELECT destination, outcome, count(*) FROM expectation WHERE payload > 0 AND within > 0 GROUP BY destination, outcome;

-- rejected_claims --
SELECT destination, count(*) FROM expectation
 WHERE payload > 0 AND within = 0 AND outcome = 4 AND +value >= 'claim' AND +value < 'claimz' GROUP BY destination;

-- confirms --
SELECT message, max(outcome) FROM expectation WHERE confirmed = ? AND confirmed > 0 GROUP BY message LIMIT 200;

-- unconfirmed --
SELECT count(*) FROM expectation WHERE message = ? AND confirmed = 0 AND (payload = 0 OR within > 0);

-- gathered --
SELECT g.message FROM member AS m JOIN grouping AS g ON g.id = m.grouping WHERE m.message = ?1 AND g.message > 0 UNION
SELECT m.message FROM member AS m WHERE m.grouping = (SELECT grouping FROM message WHERE id = ?1 AND grouping > 0)
 ORDER BY 1 LIMIT 200;

-- loading --
SELECT l.message, c.name, l.inbound, l.known, l.position, 2, l.expected, l.met, l.unchanged, l.vanished, l.rejected,
       l.reasons, l.began_at, l.ended_at, l.way, 0, x''
  FROM loading AS l JOIN channel AS c ON c.id = l.channel WHERE l.message = ?;

-- releases --
SELECT r.name, r.at, r.who, r.files FROM release AS r JOIN channel AS c ON c.id = r.channel
 WHERE c.name = ? ORDER BY r.id DESC LIMIT ?;

-- release --
SELECT r.files FROM release AS r JOIN channel AS c ON c.id = r.channel WHERE r.name = ?2 AND c.name = ?1 LIMIT 1;

-- release_text --
SELECT bytes FROM text WHERE digest = ?;

-- made_by --
SELECT release FROM message WHERE id = ?;

-- quarantined --
SELECT m.id, c.name, m.arrival, m.received_at, m.reason, m.detail, m.owner, m.parent, m.replay_of
  FROM message AS m JOIN channel AS c ON c.id = m.channel
 WHERE m.verdict = 3 AND m.verdict IN (2, 3, 5) AND m.arrival > ? ORDER BY m.arrival LIMIT ?;

-- replays --
SELECT id, replay_of FROM message WHERE replay_of > 0 AND id > ?;

-- origins --
SELECT id, parent, replay_of FROM message WHERE id IN carray(?);

-- parked --
SELECT id FROM delivery WHERE state = ?1 AND state IN (1, 2, 3) AND id > ?2 ORDER BY id LIMIT ?3;

-- parked_facts --
SELECT d.id, c.name, n.name, e.at, e.status, e.detail
  FROM delivery AS d JOIN destination AS n ON n.id = d.destination JOIN channel AS c ON c.id = n.channel
  LEFT JOIN event AS e ON e.id = (SELECT max(id) FROM event WHERE delivery = d.id)
 WHERE d.id IN carray(?);

-- held_facts --
SELECT id, received_at, kind, peer, size, detail, owner FROM message WHERE id IN carray(?);
