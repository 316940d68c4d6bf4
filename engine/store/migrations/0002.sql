-- Memory, sequences, groups and expectations. Times are seconds since 1970, 0 = none. destination, grouping, message
-- and confirmed: 0 = none.

-- tables: the data tables that its plan asked, as JSON. grouping: the group that it released. joined: how many
-- members of groups it brought.
ALTER TABLE message ADD COLUMN tables TEXT;
ALTER TABLE message ADD COLUMN grouping INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN joined INTEGER NOT NULL DEFAULT 0;

-- after: the destination that must have delivered everything of the message first.
ALTER TABLE delivery ADD COLUMN after INTEGER NOT NULL DEFAULT 0;

-- What channels remember (`remember:`): value as JSON, until when.
CREATE TABLE remembered (
  name TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, until REAL NOT NULL,
  PRIMARY KEY (name, key)) STRICT, WITHOUT ROWID;
CREATE INDEX remembered_until ON remembered (until);

-- The last number of each sequence that a message was kept with.
CREATE TABLE sequence (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Groups: of a channel (destination 0) or of a destination's batch. due_at: when its time comes; from then on it takes
-- no more members. sealed: due_at does not move any more. version: how many ever joined; standing: those that were not
-- replaced. message: what released it. flags: 2 test.
CREATE TABLE grouping (
  id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, destination INTEGER NOT NULL, key TEXT NOT NULL,
  flags INTEGER NOT NULL, opened_at REAL NOT NULL, ends_at REAL NOT NULL, due_at REAL NOT NULL,
  sealed INTEGER NOT NULL, version INTEGER NOT NULL, standing INTEGER NOT NULL, released_at REAL NOT NULL,
  message INTEGER NOT NULL) STRICT;
CREATE INDEX grouping_key ON grouping (channel, destination, key, flags);
CREATE INDEX grouping_due ON grouping (due_at) WHERE message = 0 AND due_at > 0;
CREATE INDEX grouping_open ON grouping (channel, id) WHERE message = 0;
CREATE INDEX grouping_message ON grouping (message) WHERE message > 0;

-- Members, in the order of joining. content: what waits; entity: what a batch's payload was rendered from (0 = none).
-- replaced: the member that took its place.
CREATE TABLE member (
  id INTEGER PRIMARY KEY, grouping INTEGER NOT NULL, message INTEGER NOT NULL, content INTEGER NOT NULL,
  entity INTEGER NOT NULL, kind TEXT NOT NULL, source TEXT, joined_at REAL NOT NULL, replaced INTEGER NOT NULL) STRICT;
CREATE INDEX member_grouping ON member (grouping);
CREATE INDEX member_message ON member (message);
CREATE INDEX member_source ON member (grouping, source) WHERE source IS NOT NULL;

-- Confirmations that must come. carrier: the message whose deliveries to the destination are to be confirmed, 0 while
-- the payload waits in a batch. channel, name, value: what confirms it. due_at: delivered plus within. told: an event's
-- number where people were told that it is missing. confirmed: the message that did.
CREATE TABLE expectation (
  id INTEGER PRIMARY KEY, message INTEGER NOT NULL, carrier INTEGER NOT NULL, destination INTEGER NOT NULL,
  channel INTEGER NOT NULL, name INTEGER NOT NULL, value TEXT NOT NULL, within REAL NOT NULL, due_at REAL NOT NULL,
  told INTEGER NOT NULL, told_at REAL NOT NULL, confirmed INTEGER NOT NULL) STRICT;
CREATE INDEX expectation_message ON expectation (message);
CREATE INDEX expectation_carrier ON expectation (carrier, destination);
CREATE INDEX expectation_awaited ON expectation (value, name, channel) WHERE confirmed = 0;
CREATE INDEX expectation_due ON expectation (due_at) WHERE confirmed = 0 AND told = 0 AND due_at > 0;
CREATE INDEX expectation_confirmed ON expectation (confirmed) WHERE confirmed > 0;
