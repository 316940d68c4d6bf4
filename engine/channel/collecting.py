"""`collect:` of a channel: what the transform makes waits in a group for others of the same key."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.channel import Collect
from engine.channel.absent import over_record
from engine.channel.binding import Binding
from engine.channel.grammar import COLLECT, RELEASE
from engine.channel.products import Made, chain, made_by
from engine.channel.releases import release
from engine.formats import Shape
from engine.grouping import listed
from engine.mapping import Language
from engine.placed import Record

_WRITE = "collect: {key: patient_account.number, release: {quiet: 72h}}"


def collect(
    binding: Binding, made: tuple[Made, ...]
) -> tuple[Collect | None, tuple[Made, ...]]:
    """What the channel collects, and what there is to send once a group is released; binding.language follows."""
    node = binding.get("collect")
    said = binding.group(node, COLLECT, _WRITE)
    if said is None:
        return None, made
    entity = _entity(binding, said, made)
    inside = _over(binding.language, entity)
    sound = [
        binding.needed(
            said, COLLECT, "key", "what belongs together", "key: patient_account.number"
        ),
        binding.needed(
            said, COLLECT, "release", "when a group is complete", "release: {quiet: 72h}"
        ),
    ]
    entries = said.entries
    key = binding.parts(entries["key"], inside) if "key" in entries else ()
    replace_by = binding.differing(entries.get("replace_by"), inside)
    when = binding.group(entries.get("release"), RELEASE, "release: {quiet: 72h, latest: 30d}")
    ends = release(binding, when, RELEASE, inside) if when is not None else None
    words = Literal["new_group", "quarantine"]
    late = binding.value(entries.get("late"), words, "late", "new_group")
    binding.language = _language(binding.language, entity)
    binding.known = {}
    then = chain(binding, entries.get("then"), f"[{entity.name}]" if entity else "")
    if then:
        made = made_by((then,))
    elif "then" in entries or entity is None:
        made = ()
    if not all(sound) or ends is None or not key:
        return None, made
    return Collect(key=key, replace_by=replace_by, release=ends, late=late, then=then), made


def _entity(binding: Binding, record: Record, made: tuple[Made, ...]) -> Shape | None:
    """The one kind of entity that is collected; None, and a mistake where that is known, where there is none."""
    if len(made) == 1 and made[0].entity is not None:
        return made[0].entity
    place = binding.record.keys["collect"]
    if binding.get("transform") is None:
        problem = "what is collected are entities; a 'transform' makes them of each message"
        binding.mistakes.add(place, problem, "transform: dft_to_charge_event")
    elif made:
        kinds = " and ".join(each.of for each in made)
        problem = f"entities of one kind are collected; the transforms make {kinds}"
        binding.mistakes.add(place, problem)
    return None


def _over(language: Language | None, entity: Shape | None) -> Language | None:
    """The entity's fields first, then the message."""
    if language is None or entity is None:
        return None
    return msgspec.structs.replace(language, inner=(entity,))


def _language(language: Language | None, entity: Shape | None) -> Language | None:
    """What may be read where a group was released: its key, count and members; no message is at hand."""
    if language is None or entity is None:
        return None
    name = f"group of {entity.name}"
    shape = Shape(format="canonical", kind="record", name=name, type=listed(entity.type))
    what = f"only the group: {', '.join(shape.type.__struct_fields__)}"
    return over_record(language, shape, what)
