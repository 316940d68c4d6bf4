"""Corridor: channels receive, transform, route and deliver healthcare messages, and lose none."""

__version__ = "0.1.0"
