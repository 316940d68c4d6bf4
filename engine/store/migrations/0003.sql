-- Data tables (`corridor tables import`): rows are in files under data/tables/NAME, a version counts once its row is
-- here. at: seconds since 1970. rolled_back_to: the version whose rows these are, 0 = imported. added, removed,
-- changed: rows, against the version before.
CREATE TABLE table_version (
  name TEXT NOT NULL, version INTEGER NOT NULL, at REAL NOT NULL, who TEXT NOT NULL, owner TEXT NOT NULL,
  reason TEXT NOT NULL, approver TEXT NOT NULL, row_count INTEGER NOT NULL, digest BLOB NOT NULL,
  file TEXT NOT NULL, added INTEGER NOT NULL, removed INTEGER NOT NULL, changed INTEGER NOT NULL,
  rolled_back_to INTEGER NOT NULL, PRIMARY KEY (name, version)) STRICT, WITHOUT ROWID;
CREATE TRIGGER table_version_is_kept BEFORE DELETE ON table_version
  BEGIN SELECT raise(ABORT, 'versions of tables are append-only'); END;
CREATE TRIGGER table_version_is_fixed BEFORE UPDATE ON table_version
  BEGIN SELECT raise(ABORT, 'versions of tables are append-only'); END;

-- The last day (days since 1970) on which each key was found.
CREATE TABLE table_use (
  name TEXT NOT NULL, key TEXT NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (name, key)) STRICT, WITHOUT ROWID;

-- Keys that were asked for and not found. at: the day that was last asked for, empty in a table without dates.
CREATE TABLE table_miss (
  name TEXT NOT NULL, key TEXT NOT NULL, at TEXT NOT NULL, count INTEGER NOT NULL, first_at REAL NOT NULL,
  last_at REAL NOT NULL, PRIMARY KEY (name, key)) STRICT, WITHOUT ROWID;
