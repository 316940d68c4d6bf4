"""How far we agree with data and expected outputs that others made (`make conformance`): what is counted, and the marks."""
