"""One channel, bound to the code it names: the parts in the order a message meets them."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import msgspec

from engine.channel import (
    CLASSES,
    Alerts,
    Answered,
    Channel,
    Link,
    Route,
    acknowledgements,
    envelopes,
)
from engine.channel.accept import accept
from engine.channel.answers import answer
from engine.channel.binding import Binding, FindMapping, over
from engine.channel.cases import cases
from engine.channel.collecting import collect
from engine.channel.conversions import conversions
from engine.channel.destinations import destinations
from engine.channel.grammar import CHANNEL, check_keys
from engine.channel.lets import lets
from engine.channel.memories import remembers
from engine.channel.products import made_of, transforms
from engine.channel.sources import format_of, source, split, validate
from engine.channel.written import Written
from engine.formats import Reading
from engine.installation import Installation
from engine.mapping import Mapping
from engine.mapping.layouts import path_of
from engine.mapping.tables import Tables
from engine.placed import Mistakes, Record
from engine.settings import Zone

#: Where the schemas are that `validate: {xsd: NAME}` names.
_SCHEMAS = "mappings/schemas"


def bind(
    written: Written,
    home: Path,
    installation: Installation,
    mistakes: Mistakes,
    *,
    find_mapping: FindMapping,
    memories: Collection[str] = (),
) -> Channel | None:
    """The channel that a file says; None where mistakes were noted, in it or in a mapping it uses."""
    before = len(mistakes.found)
    binding = Binding(
        name=written.name,
        home=home,
        installation=installation,
        mistakes=mistakes,
        record=written.record,
        find_mapping=find_mapping,
        tables=Tables(home, mistakes),
        memories=memories,
    )
    channel = _channel(binding, written)
    sound = written.sound and len(mistakes.found) == before and not binding.broken
    return channel if sound else None


def _channel(binding: Binding, written: Written) -> Channel | None:
    check_keys(binding.record, CHANNEL, binding.mistakes)
    value, get = binding.value, binding.get
    words = Literal["care", "revenue", "supply", "admin"]
    binding.class_ = value(get("class"), words, "class", CLASSES[2])
    binding.zone = value(get("zone"), Zone, "zone", binding.installation.zone)
    format_of(binding)
    sourced = source(binding)
    by, on_part = split(binding)
    level = validate(binding, by)
    named = lets(binding)
    rules, unique, processing = accept(binding)
    keys = binding.named(get("keys"), binding.language)
    remembered = remembers(binding)
    names, language = tuple(binding.known), binding.language
    chains = transforms(binding)
    collected, made = collect(binding, made_of(binding, chains))
    routes = destinations(binding, made)
    whole = acknowledgements.whole(binding, by, routes)
    answered = answer(binding, sourced.answer, sourced.link, routes)
    tests = cases(binding)
    if sourced.link is None or language is None:
        return None
    channel = Channel(
        name=binding.name,
        file=written.file,
        template=written.template,
        description=value(get("description"), str, "description", ""),
        owner=value(get("owner"), str, "owner", ""),
        class_=binding.class_,
        tags=value(get("tags"), tuple[str, ...], "tags", ()),
        zone=binding.zone,
        source=sourced.link,
        format_name=binding.format_name,
        format=language.format,
        reading=sourced.reading,
        validate=level,
        split=by,
        on_part=on_part,
        open=sourced.open,
        answer=answered,
        conversions=conversions(binding, sourced.link),
        processing=processing,
        lets=named,
        names=names,
        accept=rules,
        unique=unique,
        acknowledges=any(route.acknowledges for route in routes),
        whole=whole,
        marks=envelopes.marks(routes),
        sends_back=any(route.rejects for route in routes),
        compares=getattr(sourced.reading.layout, "snapshot", None) is not None,
        is_answered=callable(getattr(language.format, "answers", None)),
        keys=keys,
        remembers=remembered,
        transforms=chains,
        collect=collected,
        routes=tuple(_answering(route, answered) for route in routes),
        alerts=_alerts(binding),
        tests=tests,
        restart=_restart(sourced.link, binding.format_name, sourced.reading),
    )
    return msgspec.structs.replace(
        channel,
        release=_release(channel, written.content, binding),
        texts=_texts(channel, written, binding),
        stateful=_stateful(channel, binding.tables),
    )


def _answering(route: Route, answered: Answered | None) -> Route:
    """A destination whose good answers the sender gets."""
    if answered is None or route.name != answered.from_:
        return route
    return msgspec.structs.replace(route, keep_answers=True)


def _mappings(channel: Channel) -> list[Mapping]:
    """Every mapping that the channel uses."""
    found = [mapping for chain in channel.transforms for mapping in chain]
    found += [route.render for route in channel.routes if route.render is not None]
    if channel.collect is not None:
        found += channel.collect.then
    if channel.answer is not None:
        found += [mapping for chain in channel.answer.transforms for mapping in chain]
    found += channel.conversions
    return found


def _stateful(channel: Channel, tables: Tables) -> bool:
    """Whether planning reads or writes memory, numbers or groups."""
    waits = channel.collect is not None or any(
        route.batch or route.envelope or route.acknowledges for route in channel.routes
    )
    asks = bool(tables.sequences or tables.recalls or tables.changes)
    asks = asks or any(_counts(mapping) for mapping in _mappings(channel))
    return waits or bool(channel.remembers) or asks


def _counts(mapping: Mapping) -> bool:
    asked = mapping.asked
    return bool(asked.sequences or asked.recalls or asked.changes)


def _alerts(binding: Binding) -> Alerts:
    said, below = binding.get("alerts"), binding.defaults().entries.get("alerts")
    if isinstance(said, Record) and isinstance(below, Record):
        below = over(said, below)
    elif said is not None:
        below = said
    alerts: Alerts = binding.value(below, Alerts, "alerts", Alerts())
    return alerts


def _restart(source: Link, format_name: str, reading: Reading) -> str:
    text = repr((source.kind, source.settings, format_name, reading))
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _schemas(channel: Channel) -> tuple[tuple[str, bytes], ...]:
    """Name and content of what its messages are checked against."""
    files: tuple[tuple[str, bytes], ...] = getattr(channel.validate, "files", ())
    return files


def _texts(
    channel: Channel, written: Written, binding: Binding
) -> tuple[tuple[str, bytes], ...]:
    """The channel's own files first, then all others by path."""
    files = {path_of(name): raw for name, raw in binding.layouts.items()}
    files.update(binding.tables.files)
    for mapping in _mappings(channel):
        files.update(mapping.files)
    for name, raw in _schemas(channel):
        files[f"{_SCHEMAS}/{name}"] = raw
    return (*written.texts, *sorted(files.items()))


def _release(channel: Channel, content: bytes, binding: Binding) -> str:
    """Of everything that decides what becomes of a message: file, mappings, tables, settings from elsewhere."""
    digest = blake2b(content, digest_size=8)
    for files in (binding.tables.used, binding.layouts):
        for name in sorted(files):
            digest.update(files[name])
    for mapping in _mappings(channel):
        digest.update(mapping.digest)
    for _, schema in _schemas(channel):
        digest.update(schema)
    links = [channel.source, *(route.link for route in channel.routes)]
    outside = [(each.kind, each.settings) for each in links]
    policies = [(route.policy, route.queue_limit) for route in channel.routes]
    sealing = [
        (each.partner, each.settings) for route in channel.routes if (each := route.envelope)
    ]
    digest.update(repr((outside, policies, channel.zone, channel.alerts)).encode())
    if sealing:
        digest.update(repr(sealing).encode())
    return digest.hexdigest()
