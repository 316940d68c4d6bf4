"""`transform:` of a channel and `of:` and `render:` of its destinations: what is made of a message, and who gets it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine import canonical
from engine.channel.binding import Binding
from engine.channel.grammar import TRANSFORM, check_keys
from engine.formats import Shape
from engine.hints import meant, nearest
from engine.mapping import Mapping
from engine.placed import Items, Node, Record, Scalar


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing that a channel's transforms make of a message."""

    of: str
    """What a destination's `of:` calls it: `ChargeEvent`, `json`, or the channel's format where nothing transforms."""
    entity: Shape | None = None
    """Its shape where it is an entity."""


Chosen = tuple[str, Mapping | None, Shape | None]


def transforms(binding: Binding) -> tuple[Mapping, ...]:
    """The mappings that read the message, in the order written."""
    node = binding.get("transform")
    if node is None:
        return ()
    found: list[Mapping] = []
    for item in node.items if isinstance(node, Items) else (node,):
        if isinstance(item, Record):
            check_keys(item, TRANSFORM, binding.mistakes)
        elif (mapping := _mapping(binding, item)) is not None:
            found.append(mapping)
            _check_from(binding, item, mapping)
    return tuple(found)


def made_by(binding: Binding, mappings: tuple[Mapping, ...]) -> tuple[Made, ...]:
    """What there is to send; nothing where that cannot be known yet."""
    node = binding.get("transform")
    if node is None:
        return (Made(of=binding.format_name),) if binding.format_name else ()
    if len(mappings) < (len(node.items) if isinstance(node, Items) else 1):
        return ()
    names = dict.fromkeys(_head(mapping.to) for mapping in mappings)
    return tuple(Made(of=name, entity=_shape(name)) for name in names)


def choose(binding: Binding, record: Record, made: tuple[Made, ...]) -> Chosen:
    """For one destination: what it takes, the mapping that renders it, and the entity its expressions may read."""
    of, said = "", record.entries.get("of")
    if said is not None:
        of = binding.value(said, str, "of", "")
        if made and of not in [each.of for each in made]:
            _no_such_thing(binding, said, of, made)
            made = ()
        made = tuple(each for each in made if each.of == of)
    render, node = None, record.entries.get("render")
    if node is not None:
        render = _mapping(binding, node)
        if render is not None and made:
            of, made = _rendered(binding, node, render, of, made)
    else:
        _check_one_kind(binding, record, made)
    entity = made[0].entity if len(made) == 1 else None
    return of, render, entity


def _check_one_kind(binding: Binding, record: Record, made: tuple[Made, ...]) -> None:
    """Without `of` a destination gets everything: right for entities, a mistake for an entity beside a message."""
    if len(made) < 2 or all(each.entity for each in made):
        return
    name = record.place.path.rpartition(".")[2]
    kinds = " and ".join(each.of for each in made)
    problem = f"the transforms make {kinds}; 'of' says which of them '{name}' gets"
    binding.mistakes.add(record, problem, f"of: {made[0].of}")


def _rendered(
    binding: Binding, node: Node, render: Mapping, of: str, made: tuple[Made, ...]
) -> tuple[str, tuple[Made, ...]]:
    """What a destination takes whose mapping says what it reads."""
    reads = _head(render.from_)
    fits = tuple(each for each in made if each.of == reads)
    if fits:
        return (of or (reads if len(made) > 1 else "")), fits
    here = " or ".join(each.of for each in made)
    problem = f"the mapping '{render.name}' reads {reads}, but what comes here is {here}"
    binding.mistakes.add(node, problem)
    return of, made


def _no_such_thing(binding: Binding, node: Node, of: str, made: tuple[Made, ...]) -> None:
    names = [each.of for each in made]
    near = nearest(of, names)
    if binding.get("transform") is None:
        problem = f"this channel has no 'transform', so there is no '{of}'; without 'of' the destination gets the message"
    else:
        problem = f"no transform of this channel makes '{of}'{meant(of, names)}"
    binding.mistakes.add(node, problem, f"of: {near}" if near else "")


def _mapping(binding: Binding, node: Node) -> Mapping | None:
    if not isinstance(node, Scalar) or not node.text:
        binding.mistakes.add(
            node, "the name of a mapping stands here", "transform: dft_to_charge_event"
        )
        return None
    name = node.text
    try:
        found = binding.find_mapping(name, binding.zone)
    except LookupError:
        known = sorted(path.stem for path in (binding.home / "mappings").glob("*.yaml"))
        clean = name.removesuffix(".yaml").rpartition("/")[2]
        near = clean if clean in known else nearest(name, known)
        key = node.place.path.rpartition(".")[2].partition("[")[0]
        said = f"; did you mean '{near}'?" if near else ""
        problem = (
            f"there is no mapping '{name}' (the file {Path('mappings') / name}.yaml){said}"
        )
        binding.mistakes.add(node, problem, f"{key}: {near}" if near else "")
        return None
    binding.broken = binding.broken or found is None
    return found


def _check_from(binding: Binding, node: Node, mapping: Mapping) -> None:
    reads = _head(mapping.from_)
    if binding.format_name and reads != binding.format_name:
        problem = f"the mapping '{mapping.name}' reads {reads}, but the channel's format is {binding.format_name}"
        if _shape(reads) is not None:
            problem += (
                "; a mapping that reads an entity stands at a destination, under 'render'"
            )
        binding.mistakes.add(node, problem)


def _head(name: str) -> str:
    return name.partition("/")[0]


def _shape(name: str) -> Shape | None:
    """The shape of an entity; None where the name is not an entity's."""
    try:
        return Shape(format="canonical", kind="record", name=name, type=canonical.load(name))
    except LookupError:
        return None
