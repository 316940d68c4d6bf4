"""Named queries of the embedded store."""
