-- Large messages that are taken apart in chunks, each a transaction of its own; the message's verdict is `split` from the
-- beginning. inbound: what its source handed over, without the body (msgpack). known, position: its format's
-- (engine/reading.py). phase: 0 parts, 1 what vanished, 2 over. expected: parts it will have, 0 = not known. met: parts that
-- were read; unchanged: those of them that are as they were in the last file and became no message; vanished: parts that
-- the last file had. rejected: parts in quarantine; reasons: how many by reason, as JSON. twin: of a replay, the last part of
-- the original that a part repeated, -1 = they are not alike. told: 1 once people were told of what was rejected.
CREATE TABLE loading (
  message INTEGER PRIMARY KEY, channel INTEGER NOT NULL, inbound BLOB NOT NULL, known BLOB NOT NULL,
  position BLOB NOT NULL, phase INTEGER NOT NULL, expected INTEGER NOT NULL, met INTEGER NOT NULL,
  unchanged INTEGER NOT NULL, vanished INTEGER NOT NULL, rejected INTEGER NOT NULL, reasons TEXT NOT NULL,
  twin INTEGER NOT NULL, began_at REAL NOT NULL, ended_at REAL NOT NULL, told INTEGER NOT NULL) STRICT;
CREATE INDEX loading_open ON loading (channel, message) WHERE phase < 2;
CREATE INDEX loading_told ON loading (message) WHERE phase = 2 AND rejected > 0 AND told = 0;

-- The last file of a channel whose files are the whole truth (`snapshot:`): by key the digest of each record's bytes (empty:
-- it was rejected, so that it counts as changed next time), and the content of the part that brought it.
CREATE TABLE last_file (
  channel INTEGER NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL, content INTEGER NOT NULL,
  PRIMARY KEY (channel, key)) STRICT, WITHOUT ROWID;
CREATE INDEX last_file_content ON last_file (content);
