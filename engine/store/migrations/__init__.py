"""Numbered steps of the embedded store's schema."""
