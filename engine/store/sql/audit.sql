-- append --
INSERT INTO audit (id, at, who, action, what, reason, chain) VALUES (?, ?, ?, ?, ?, ?, ?);

-- last --
SELECT id, chain FROM audit ORDER BY id DESC LIMIT 1;

-- origin --
SELECT name FROM incarnation ORDER BY first_message LIMIT 1;

-- walk --
SELECT id, at, who, action, what, reason, chain FROM audit WHERE id > ? ORDER BY id LIMIT ?;
