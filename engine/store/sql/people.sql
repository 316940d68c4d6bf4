-- hold --
INSERT OR REPLACE INTO hold (destination, held, rate, who, reason, since) VALUES (?, ?, ?, ?, ?, ?);

-- holds --
SELECT destination, held, rate, who, reason, since FROM hold;

-- to_move --
SELECT id, destination, state, lane, lanes, attempt FROM delivery WHERE id IN carray(?) ORDER BY id;

-- moved --
UPDATE delivery SET state = ?, attempt = ?, due_at = 0.0, holds_lane = ? WHERE id = ?;

-- interrupted --
SELECT id, destination, attempt, crashes, lane, lanes FROM delivery
 WHERE state = 1 AND state IN (1, 2, 3) ORDER BY id;

-- crashed --
UPDATE delivery SET state = ?, holds_lane = ?, crashes = crashes + 1, due_at = 0.0 WHERE id = ?;

-- order --
INSERT INTO command (verb, arguments, who, reason, asked_at, expires_at) VALUES (?, ?, ?, ?, ?, ?);

-- finish --
UPDATE command SET finished_at = ?, done = ?, outcome = ? WHERE id = ?;

-- get --
SELECT value FROM memory WHERE space = ? AND name = ?;

-- remember --
INSERT OR REPLACE INTO memory (space, name, value) VALUES (?, ?, ?);

-- forget --
DELETE FROM memory WHERE space = ? AND name = ?;

-- number --
SELECT next FROM number WHERE sequence = ?;

-- reserve --
INSERT OR REPLACE INTO number (sequence, next) VALUES (?, ?);
