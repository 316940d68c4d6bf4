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
    built: bool = False
    """Whether a mapping builds it anew (`to: x12/005010/850`), so that it has no envelope that somebody else gave it."""


_WRITE = "transform: dft_to_charge_event"

Chosen = tuple[str, Mapping | None, Shape | None]


def transforms(binding: Binding) -> tuple[tuple[Mapping, ...], ...]:
    """The chains of mappings that read the message, in the order written; one with a mistake is empty."""
    node = binding.get("transform")
    if node is None:
        return ()
    items = node.items if isinstance(node, Items) else (node,)
    if not items:
        binding.mistakes.add(node, "the name of a mapping stands here", _WRITE)
    read = binding.format_name
    if binding.layout_name:
        read += f"/{binding.layout_name}"
    return tuple(chain(binding, item, read) for item in items)


def chain(binding: Binding, node: Node | None, read: str) -> tuple[Mapping, ...]:
    """
    `use` and `then`, one mapping, or a list of them, each reading what the one before made. `read` is what the first
    one reads; empty where that is not known. Empty where mistakes were noted.
    """
    steps: list[Node] = []
    if not _steps(binding, node, steps):
        return ()
    found: list[Mapping] = []
    before = ""
    for step in steps:
        mapping = mapping_named(binding, step)
        if mapping is None:
            return ()
        if read and not reads(mapping.from_, read):
            _misfit(binding, step, mapping, read, before)
            return ()
        found.append(mapping)
        read, before = mapping.to, mapping.name
    return tuple(found)


def _steps(binding: Binding, node: Node | None, steps: list[Node]) -> bool:
    """Collect the mappings' names, in order; whether that was possible."""
    if node is None:
        return False
    if isinstance(node, Items):
        return all([_steps(binding, item, steps) for item in node.items])
    if not isinstance(node, Record):
        steps.append(node)
        return True
    check_keys(node, TRANSFORM, binding.mistakes)
    if not binding.needed(
        node, TRANSFORM, "use", "the mapping that comes first", "use: dft_to_charge_event"
    ):
        return False
    then = node.entries.get("then")
    steps.append(node.entries["use"])
    return then is None or _steps(binding, then, steps)


def _misfit(binding: Binding, node: Node, mapping: Mapping, read: str, before: str) -> None:
    """A mapping that does not read what comes to it."""
    if before:
        problem = f"the mapping '{mapping.name}' reads {mapping.from_}, but '{before}' before it makes {read}"
    elif read.startswith("["):
        problem = f"the mapping '{mapping.name}' reads {mapping.from_}; what reads a group says 'from: {read}'"
    else:
        problem = f"the mapping '{mapping.name}' reads {mapping.from_}, but the channel's format is {read}"
        if _shape(_head(mapping.from_)) is not None:
            problem += (
                "; a mapping that reads an entity stands at a destination, under 'render'"
            )
        elif mapping.from_.startswith("["):
            problem += "; a mapping that reads a group stands under 'collect', after 'then'"
    binding.mistakes.add(node, problem)


def reads(takes: str, comes: str) -> bool:
    """
    Whether a mapping that says `from: TAKES` reads what is made by one that says `to: COMES`.

    >>> reads("x12/005010/850", "x12"), reads("delimited/items", "delimited/prices"), reads("json", "hl7v2")
    (True, False, False)
    """
    if "[" in takes or "[" in comes:
        return takes == comes
    head, _, rest = takes.partition("/")
    other, _, there = comes.partition("/")
    laid_out = head in ("delimited", "fixed")
    return head == other and (not laid_out or rest == there)


def made_by(chains: tuple[tuple[Mapping, ...], ...]) -> tuple[Made, ...]:
    """What there is to send; nothing where that cannot be known yet."""
    if not all(chains):
        return ()
    names = dict.fromkeys(_head(steps[-1].to) for steps in chains)
    built = {_head(steps[-1].to) for steps in chains if "/" in steps[-1].to}
    return tuple(Made(of=name, entity=_shape(name), built=name in built) for name in names)


def made_of(binding: Binding, chains: tuple[tuple[Mapping, ...], ...]) -> tuple[Made, ...]:
    """The same, where nothing transforms what comes: the message itself."""
    if binding.get("transform") is None:
        return (Made(of=binding.format_name),) if binding.format_name else ()
    return made_by(chains)


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
        render = mapping_named(binding, node)
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


def mapping_named(binding: Binding, node: Node) -> Mapping | None:
    """The mapping that a value names; None where there is none, or where it has mistakes."""
    if not isinstance(node, Scalar) or not node.text:
        key = node.place.path.rpartition(".")[2].partition("[")[0]
        problem = "the name of a mapping stands here"
        binding.mistakes.add(node, problem, f"{key}: dft_to_charge_event")
        return None
    name = node.text
    try:
        found = binding.find_mapping(name, binding.zone, binding.known)
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
    if found is not None:
        _check_changes(binding, node, found)
        if found.part:
            problem = f"the mapping '{name}' reads or makes a part of something; other mappings use it, channels do not"
            binding.mistakes.add(node, problem)
            return None
    return found


def _check_changes(binding: Binding, node: Scalar, mapping: Mapping) -> None:
    """`changed` asks what this very channel remembers."""
    remember = binding.get("remember")
    mine = list(remember.entries) if isinstance(remember, Record) else []
    for memory in mapping.asked.changes:
        if memory not in mine:
            problem = f"the mapping '{mapping.name}' asks changed(\"{memory}\"), but this channel does not remember '{memory}'"
            write = f"remember:\n  {memory}: {{key: ..., fields: {{...}}, for: 400d}}"
            binding.mistakes.add(node, problem, write)


def _head(name: str) -> str:
    return name.partition("/")[0]


def _shape(name: str) -> Shape | None:
    """The shape of an entity; None where the name is not an entity's."""
    try:
        return Shape(format="canonical", kind="record", name=name, type=canonical.load(name))
    except LookupError:
        return None
