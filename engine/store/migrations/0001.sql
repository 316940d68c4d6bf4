-- The first schema. Ids: a delivery is message * 65536 + its place in the message (from 1), so that all of a
-- message's deliveries and events are one range. Times are seconds since 1970. Codes of verdicts and states are
-- their places in message.Verdict and message.State.

CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Part of every idempotency key; a restore adds one, messages from first_message on belong to it.
CREATE TABLE incarnation (
  first_message INTEGER PRIMARY KEY, name TEXT NOT NULL, since REAL NOT NULL) STRICT;

CREATE TABLE channel (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE destination (
  id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (channel, name)) STRICT;

CREATE TABLE key_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

-- Bodies, apart from metadata. codec 0: the bytes as they are; 1: digest (16 bytes) and size (8, big endian) of
-- a file under large/. key_id 0: not encrypted. crc: CRC-32 of bytes. bytes is NULL once pruned.
CREATE TABLE content (
  id INTEGER PRIMARY KEY, codec INTEGER NOT NULL, key_id INTEGER NOT NULL, crc INTEGER NOT NULL,
  bytes BLOB) STRICT;
CREATE INDEX content_file ON content (bytes) WHERE codec = 1;

-- arrival: the number of its commit order, shared with event.id. planned: how many deliveries were queued with
-- it. flags: 1 its key stands in seen, 2 test, 4 part of a split. keys: what search has for it, as JSON.
CREATE TABLE message (
  id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, arrival INTEGER NOT NULL, received_at REAL NOT NULL,
  verdict INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, owner TEXT NOT NULL,
  kind TEXT NOT NULL, control TEXT NOT NULL, peer TEXT NOT NULL, facts TEXT, parent INTEGER NOT NULL,
  replay_of INTEGER NOT NULL, original INTEGER NOT NULL, summary TEXT NOT NULL, release TEXT NOT NULL,
  size INTEGER NOT NULL, content INTEGER NOT NULL, depth INTEGER NOT NULL, flags INTEGER NOT NULL,
  planned INTEGER NOT NULL, keys TEXT) STRICT;
CREATE INDEX message_arrival ON message (channel, arrival);
CREATE INDEX message_control ON message (control) WHERE control <> '';
CREATE INDEX message_trouble ON message (verdict, arrival) WHERE verdict IN (2, 3, 5);
CREATE INDEX message_parent ON message (parent) WHERE parent > 0;
CREATE INDEX message_replay ON message (replay_of) WHERE replay_of > 0;
CREATE INDEX message_original ON message (original) WHERE original > 0;

CREATE TABLE seen (
  channel INTEGER NOT NULL, key TEXT NOT NULL, message INTEGER NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY (channel, key)) STRICT, WITHOUT ROWID;

CREATE TABLE search (
  value TEXT NOT NULL, name INTEGER NOT NULL, message INTEGER NOT NULL,
  PRIMARY KEY (value, name, message)) STRICT, WITHOUT ROWID;

-- lanes: JSON list of all its lanes where it stands in several, else NULL. flags: 2 test. keyed: the message whose
-- number its idempotency key carries: its own, or the original's of a replay.
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY, destination INTEGER NOT NULL, part INTEGER NOT NULL, state INTEGER NOT NULL,
  attempt INTEGER NOT NULL, crashes INTEGER NOT NULL, due_at REAL NOT NULL, lane INTEGER NOT NULL,
  lanes TEXT, holds_lane INTEGER NOT NULL, content INTEGER NOT NULL, options TEXT, shows TEXT NOT NULL,
  queued_at REAL NOT NULL, flags INTEGER NOT NULL, keyed INTEGER NOT NULL) STRICT;
CREATE INDEX delivery_parked ON delivery (state, id) WHERE state IN (1, 2, 3);

-- One row for each lane that a delivery stands in.
CREATE TABLE queue (
  destination INTEGER NOT NULL, lane INTEGER NOT NULL, delivery INTEGER NOT NULL,
  PRIMARY KEY (destination, lane, delivery)) STRICT, WITHOUT ROWID;

-- kind: the state reached. delivery: as above, place 0 for what concerns the whole message. began: when the
-- attempt was claimed, where claim and settlement share a commit and this row stands for both; else NULL.
CREATE TABLE event (
  id INTEGER PRIMARY KEY, delivery INTEGER NOT NULL, at REAL NOT NULL, kind INTEGER NOT NULL, began REAL,
  attempt INTEGER NOT NULL, status TEXT NOT NULL, detail TEXT NOT NULL, duration REAL NOT NULL,
  due_at REAL NOT NULL, kept TEXT, reply INTEGER, who TEXT NOT NULL) STRICT;
CREATE INDEX event_delivery ON event (delivery);
CREATE TRIGGER event_is_kept BEFORE DELETE ON event BEGIN SELECT raise(ABORT, 'events are append-only'); END;
CREATE TRIGGER event_is_fixed BEFORE UPDATE ON event BEGIN SELECT raise(ABORT, 'events are append-only'); END;

CREATE TABLE hold (
  destination INTEGER PRIMARY KEY, held INTEGER NOT NULL, rate REAL NOT NULL, who TEXT NOT NULL,
  reason TEXT NOT NULL, since REAL NOT NULL) STRICT;

-- What people ordered. outcome is NULL until it is taken and finished.
CREATE TABLE command (
  id INTEGER PRIMARY KEY, verb TEXT NOT NULL, arguments TEXT NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL,
  asked_at REAL NOT NULL, expires_at REAL NOT NULL, finished_at REAL, done INTEGER, outcome TEXT) STRICT;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, what TEXT NOT NULL,
  reason TEXT NOT NULL, chain BLOB) STRICT;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_is_fixed BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'audit is append-only'); END;

CREATE TABLE memory (
  space TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (space, name)) STRICT, WITHOUT ROWID;

CREATE TABLE number (sequence TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- scope 0: messages by (channel, verdict); 1: deliveries by (destination, state); 2: last delivered at, in
-- milliseconds, by (destination, 0).
CREATE TABLE counter (
  scope INTEGER NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (scope, a, b)) STRICT, WITHOUT ROWID;
