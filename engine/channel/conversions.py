"""`convert:` of a source: mappings that convert what callers send, of which nothing is kept."""

from __future__ import annotations

from engine.channel import Link
from engine.channel.binding import Binding
from engine.channel.products import mapping_named
from engine.mapping import Mapping
from engine.placed import Items, Record


def conversions(binding: Binding, source: Link | None) -> tuple[Mapping, ...]:
    """The mappings, in the order written; those with mistakes are left out, which are noted."""
    node = binding.get("source")
    if source is None or not isinstance(node, Record):
        return ()
    inside = node.entries.get(source.kind)
    said = inside.entries.get("convert") if isinstance(inside, Record) else None
    if not isinstance(said, Items) or not getattr(source.settings, "convert", ()):
        return ()
    found = [mapping_named(binding, item) for item in said.items]
    return tuple(mapping for mapping in found if mapping is not None)
