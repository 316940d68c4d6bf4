"""Framing and pickup rules, without sockets or files."""
