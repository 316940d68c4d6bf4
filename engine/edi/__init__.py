"""What interchanges of segments have in common (X12, EDIFACT): tokens, maps of sets, loops, paths, edits, builds."""
