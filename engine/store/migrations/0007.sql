-- Claims that a payer did not let in (277CA), whatever it said of the set that they stood in.
CREATE INDEX expectation_claim ON expectation (destination) WHERE outcome = 4 AND within = 0 AND payload > 0;
