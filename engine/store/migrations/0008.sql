-- In which way a large message is taken apart: a digest (BLAKE2b-128) of the channel's format, split and layout when it began;
-- empty = it began before this was kept. Its position means nothing in another way.
ALTER TABLE loading ADD COLUMN way BLOB NOT NULL DEFAULT x'';
