-- waiting --
-- The first open delivery of every lane, oldest first; a walk over the queue's own order.
SELECT delivery, lane FROM (SELECT lane, min(delivery) AS delivery FROM queue WHERE destination = ? GROUP BY lane)
 ORDER BY delivery LIMIT ?;

-- heads --
SELECT d.id, d.destination, d.part, d.state, d.attempt, d.crashes, d.due_at, d.lane, d.lanes, d.queued_at,
       d.flags, d.keyed, d.after
  FROM (SELECT DISTINCT delivery FROM (SELECT min(delivery) AS delivery FROM queue WHERE destination = ?
                              GROUP BY lane ORDER BY 1 LIMIT ?)) AS head
  JOIN delivery AS d ON d.id = head.delivery ORDER BY d.id;

-- behind --
SELECT d.id, d.destination, d.part, d.state, d.attempt, d.crashes, d.due_at, d.lane, d.lanes, d.queued_at,
       d.flags, d.keyed, d.after
  FROM queue AS q JOIN delivery AS d ON d.id = q.delivery
 WHERE q.destination = ? AND q.lane = ? AND q.delivery > ? ORDER BY q.delivery LIMIT ?;

-- chosen --
SELECT d.id, d.destination, d.part, d.state, d.attempt, d.crashes, d.due_at, d.lane, d.lanes, d.queued_at,
       d.flags, d.keyed, d.after
  FROM delivery AS d WHERE d.id IN carray(?) ORDER BY d.id;

-- payload --
SELECT c.codec, c.bytes, d.options FROM delivery AS d JOIN content AS c ON c.id = d.content WHERE d.id = ?;
