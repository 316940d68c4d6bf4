-- Acknowledgements of partners (`expect_ack`): an expectation with payload > 0 is one of them. payload: which of the
-- destination's payloads it is about. says: what it is about, for people. outcome: place in effects.OUTCOMES, 0 = nothing was
-- said yet; said: with which codes and places. refused: an event's number where people were told that it was rejected.
-- within 0: it may be confirmed and nobody waits for it. A message with flag 8 has acknowledgements among its deliveries.
ALTER TABLE expectation ADD COLUMN payload INTEGER NOT NULL DEFAULT 0;
ALTER TABLE expectation ADD COLUMN says TEXT NOT NULL DEFAULT '';
ALTER TABLE expectation ADD COLUMN outcome INTEGER NOT NULL DEFAULT 0;
ALTER TABLE expectation ADD COLUMN said TEXT NOT NULL DEFAULT '';
ALTER TABLE expectation ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
CREATE INDEX expectation_answered ON expectation (value, channel) WHERE payload > 0;
CREATE INDEX expectation_outcome ON expectation (destination, outcome) WHERE payload > 0 AND within > 0;
CREATE INDEX expectation_refused ON expectation (id) WHERE outcome = 4 AND refused = 0;

-- size: bytes of the members of a batch that has a limit of them.
ALTER TABLE grouping ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
