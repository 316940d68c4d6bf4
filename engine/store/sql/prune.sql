-- candidates --
-- Old messages in order, with whether any of their deliveries is still open or waits for a person, or what they brought
-- waits in a group, or they are being taken apart, or the next file of their channel is compared with them.
SELECT m.id, m.received_at, m.content,
       EXISTS (SELECT 1 FROM delivery WHERE id > m.id * 65536 AND id < (m.id + 1) * 65536 AND state < 4)
       OR EXISTS (SELECT 1 FROM member JOIN grouping ON grouping.id = member.grouping
                   WHERE member.message = m.id AND grouping.message = 0)
       OR EXISTS (SELECT 1 FROM loading WHERE message = m.id AND phase < 2)
       OR EXISTS (SELECT 1 FROM last_file WHERE content = m.content)
  FROM message AS m WHERE m.id > ? ORDER BY m.id LIMIT ?;

-- payloads --
SELECT content FROM delivery WHERE id > ?1 * 65536 AND id < (?1 + 1) * 65536
UNION SELECT reply FROM event WHERE delivery >= ?1 * 65536 AND delivery < (?1 + 1) * 65536 AND reply IS NOT NULL
UNION SELECT content FROM member WHERE message = ?1
UNION SELECT entity FROM member WHERE message = ?1 AND entity > 0;

-- drop --
UPDATE content SET bytes = NULL WHERE id IN carray(?) AND bytes IS NOT NULL;

-- named --
SELECT 1 FROM content WHERE codec = 1 AND bytes >= ? AND bytes < ? LIMIT 1;
