-- People, tokens, sessions and what they do about messages. Times are seconds since 1970; secrets are kept as hashes.
CREATE TABLE person (
  name TEXT PRIMARY KEY, password TEXT NOT NULL, roles TEXT NOT NULL, tags TEXT NOT NULL, onetime TEXT NOT NULL,
  step INTEGER NOT NULL, disabled INTEGER NOT NULL, wrong INTEGER NOT NULL, wrong_at REAL NOT NULL,
  since REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE token (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, secret BLOB NOT NULL UNIQUE, roles TEXT NOT NULL, tags TEXT NOT NULL,
  made_by TEXT NOT NULL, since REAL NOT NULL, until REAL NOT NULL, used_at REAL NOT NULL) STRICT;
CREATE TABLE session (
  secret BLOB PRIMARY KEY, person TEXT NOT NULL, form TEXT NOT NULL, since REAL NOT NULL,
  seen_at REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX session_person ON session (person);
-- Names that nobody has, of which somebody gave passwords: as hashes, for what is typed there may be a password.
CREATE TABLE stranger (
  name BLOB PRIMARY KEY, wrong INTEGER NOT NULL, wrong_at REAL NOT NULL) STRICT, WITHOUT ROWID;
-- What begins the first account; gone once there is an administrator.
CREATE TABLE invitation (secret BLOB PRIMARY KEY, since REAL NOT NULL) STRICT, WITHOUT ROWID;
-- What people do about what is held. An item is message * 65536 + the delivery's place in the message; place 0 = the
-- message itself. closed: whether somebody put it away, with the reason.
CREATE TABLE work (
  item INTEGER PRIMARY KEY, assigned TEXT NOT NULL, closed INTEGER NOT NULL, reason TEXT NOT NULL, who TEXT NOT NULL,
  since REAL NOT NULL) STRICT;
CREATE TABLE comment (
  id INTEGER PRIMARY KEY, item INTEGER NOT NULL, at REAL NOT NULL, who TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX comment_item ON comment (item);
-- What was answered to requests with an Idempotency-Key, for a day. name is a hash of the key and of whose it is, sent a hash
-- of what they asked; body is sealed with the key, which is not kept. status 0 = it is being done, by the process `run`.
CREATE TABLE answered (
  name BLOB PRIMARY KEY, sent BLOB NOT NULL, status INTEGER NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL,
  run TEXT NOT NULL, at REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX answered_at ON answered (at);
PRAGMA user_version = 1;
