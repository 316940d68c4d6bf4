-- What channels were made of. digest: BLAKE2b-128 of the text; bytes: the text, deflated (zlib).
CREATE TABLE text (digest BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- The releases of channels as they were put to use, one after the other. name: what `message.release` says. who: who ordered
-- the reload, empty = the engine was started or a file was edited. files: JSON, by path the digest in hex.
CREATE TABLE release (
  id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, name TEXT NOT NULL, at REAL NOT NULL, who TEXT NOT NULL,
  files TEXT NOT NULL) STRICT;
CREATE INDEX release_channel ON release (channel, id);
CREATE INDEX release_name ON release (name);
CREATE TRIGGER text_is_kept BEFORE DELETE ON text BEGIN SELECT raise(ABORT, 'texts of releases are append-only'); END;
CREATE TRIGGER text_is_fixed BEFORE UPDATE ON text BEGIN SELECT raise(ABORT, 'texts of releases are append-only'); END;
CREATE TRIGGER release_is_kept BEFORE DELETE ON release BEGIN SELECT raise(ABORT, 'releases are append-only'); END;
CREATE TRIGGER release_is_fixed BEFORE UPDATE ON release BEGIN SELECT raise(ABORT, 'releases are append-only'); END;
