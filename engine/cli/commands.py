"""All commands, in the order in which `corridor --help` lists them."""

from __future__ import annotations

from importlib import import_module

from engine.cli.app import app

#: One module per family of commands.
FAMILIES = (
    "new",
    "running",
    "trial",
    "send",
    "tail",
    "messages",
    "status",
    "replay",
    "orders",
    "groups",
    "releases",
    "quarantine",
    "tables",
    "files",
    "validating",
    "acknowledging",
    "fmt",
    "schema",
    "convert",
    "comparing",
    "house",
    "console",
    "accounts",
    "audit",
    "keys",
    "workshop",
    "demo",
)

for family in FAMILIES:
    import_module(f"engine.cli.{family}")

__all__ = ["app"]
