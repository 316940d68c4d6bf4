"""The documentation of a home: every channel and mapping as it is loaded, for those who ask what an interface does (R104)."""

from __future__ import annotations

from collections.abc import Iterator

from engine.channel import Channel, Home, Route
from engine.channel.words import hours, lasting, released
from engine.mapping import Mapping
from engine.placed import Items, Mistakes, Node, Record, Scalar, read_file
from engine.reference.document import Cell, Code, Document, Link, drawn


def pages(home: Home) -> dict[str, str]:
    """Every page by its path: Markdown and HTML of each channel and mapping, and an index."""
    found: dict[str, Document] = {"README": _index(home)}
    for channel in home.channels.values():
        found[f"channels/{channel.name}"] = _channel(channel)
    for mapping, used in _mappings(home).values():
        found[f"mappings/{mapping.name}"] = _mapping(mapping, used, home)
    made = {f"{path}.md": document.markdown() for path, document in found.items()}
    made |= {
        f"{path.replace('README', 'index')}.html": page.html() for path, page in found.items()
    }
    return made


def _mappings(home: Home) -> dict[str, tuple[Mapping, list[str]]]:
    """The mappings that channels use, and which channels those are."""
    found: dict[str, tuple[Mapping, list[str]]] = {}
    for channel in home.channels.values():
        for mapping in used(channel):
            _, channels = found.setdefault(mapping.name, (mapping, []))
            if channel.name not in channels:
                channels.append(channel.name)
    return dict(sorted(found.items()))


def used(channel: Channel) -> list[Mapping]:
    """The mappings that a channel names, in the order of the line."""
    found = [mapping for chain in channel.transforms for mapping in chain]
    found += channel.collect.then if channel.collect is not None else ()
    found += [route.render for route in channel.routes if route.render is not None]
    if channel.answer is not None:
        found += [mapping for chain in channel.answer.transforms for mapping in chain]
    found += channel.conversions
    return list({mapping.name: mapping for mapping in found}.values())


def _index(home: Home) -> Document:
    page = Document(home.installation.name or "Interfaces")
    page.say(f"Release {home.release}.")
    page.table(
        ["channel", "what it is for", "owner", "class", "from", "to"],
        [
            (
                Link(f"channels/{channel.name}"), channel.description, channel.owner, channel.class_, channel.source.kind,
                [route.name for route in channel.routes],
            )
            for channel in home.channels.values()
        ],
    )  # fmt: skip
    return page


def _channel(channel: Channel) -> Document:
    page = Document(channel.name, "../")
    page.say(channel.description)
    facts = [
        ("owner", channel.owner), ("class", channel.class_), ("tags", ", ".join(channel.tags)), ("zone", channel.zone),
        ("file", channel.file), ("template", channel.template), ("release", channel.release),
    ]  # fmt: skip
    page.table(["", ""], [(name, value) for name, value in facts if value])
    page.drawing(*drawn(list(_line(channel))))
    _taking(page, channel)
    _waiting(page, channel)
    page.head("Destinations")
    page.table(["destination", "what it gets", "how", "when"], map(_route, channel.routes))
    page.head("Mappings and tables")
    page.table(["mapping", "from", "to"], [(Link(f"mappings/{each.name}"), Code(each.from_), Code(each.to)) for each in used(channel)])  # fmt: skip
    tables = sorted({name for mapping in used(channel) for name in mapping.tables})
    page.table(["table"], [(Code(name),) for name in tables])
    _examples(page, channel)
    return page


def _line(channel: Channel) -> Iterator[tuple[str, list[str]]]:
    yield "source", [f"{channel.source.kind} · {channel.format_name}"]
    if channel.split:
        yield "split", [channel.split]
    if channel.accept:
        yield "accept", [rule.because or rule.when.text for rule in channel.accept]
    if channel.transforms:
        yield "transform", [" > ".join(each.name for each in chain) for chain in channel.transforms]  # fmt: skip
    if channel.collect is not None:
        yield "collect", [", ".join(part.text for part in channel.collect.key)]
    if channel.routes:
        yield "destinations", [f"{route.name} · {route.link.kind}" for route in channel.routes]
    if (rule := channel.answer) is not None:
        chains = [" > ".join(each.name for each in chain) for chain in rule.transforms]
        yield "answer", [f"what {rule.from_} answers within {lasting(rule.within)}", *chains]


def _taking(page: Document, channel: Channel) -> None:
    page.head("What is taken")
    if channel.open is not None:
        page.say(f"Open {hours(channel.open)}.")
    page.table(
        ["rule", "otherwise", "because"],
        [(Code(rule.when.text), rule.otherwise, rule.because) for rule in channel.accept],
    )
    if channel.unique is not None:
        parts = ", ".join(part.text for part in channel.unique)
        page.say(f"A duplicate has the same {parts}.")
    page.table(["searched by", "read from"], [(name, Code(key.text)) for name, key in channel.keys])  # fmt: skip


def _waiting(page: Document, channel: Channel) -> None:
    """What is remembered and collected."""
    for remember in channel.remembers:
        key = ", ".join(part.text for part in remember.key)
        fields = ", ".join(name for name, _ in remember.fields)
        page.say(f"Remembers {remember.name} of {key} for {lasting(remember.for_)}: {fields}.")
    if channel.collect is not None:
        key = ", ".join(part.text for part in channel.collect.key)
        page.say(f"Collects by {key}; released {released(channel.collect.release)}.")


def _route(route: Route) -> tuple[Cell, ...]:
    gets: Cell = Link(f"mappings/{route.render.name}") if route.render else route.of or "what was made"  # fmt: skip
    how = [route.link.kind]
    if route.batch is not None:
        how.append(f"in batches closed {released(route.batch.close)}")
    if route.after:
        how.append(f"after {route.after}")
    if route.open is not None:
        how.append(f"open {hours(route.open)}")
    if route.expect is not None:
        how.append(f"confirmed on {route.expect.from_} within {lasting(route.expect.within)}")
    when = Code(route.when.text) if route.when is not None else "always"
    return Code(route.name), gets, "; ".join(how), when


def _examples(page: Document, channel: Channel) -> None:
    if not channel.tests:
        return
    page.head("Examples")
    for node in channel.tests:
        if isinstance(node, Record):
            name = node.entries.get("name")
            page.say(name.text if isinstance(name, Scalar) else f"line {node.place.line}")
            rest = {key: value for key, value in node.entries.items() if key != "name"}
            page.code("\n".join(_written(rest)))


def _written(entries: dict[str, Node], indent: str = "") -> Iterator[str]:
    """A test as it was said, one thing a line."""
    for key, node in entries.items():
        if isinstance(node, Scalar) and "\n" not in node.text:
            yield f"{indent}{key}: {node.text}"
            continue
        yield f"{indent}{key}:"
        inner = f"{indent}  "
        if isinstance(node, Record):
            yield from _written(node.entries, inner)
        elif isinstance(node, Items):
            yield from _written({f"{at}": item for at, item in enumerate(node.items, 1)}, inner)
        else:
            yield from (inner + line for line in node.text.rstrip("\n").split("\n"))


def _mapping(mapping: Mapping, channels: list[str], home: Home) -> Document:
    page = Document(mapping.name, "../")
    file = f"mappings/{mapping.name}.yaml"
    root, _ = read_file(home.folder / file, file, Mistakes())
    entries = root.entries if isinstance(root, Record) else {}
    said = entries.get("description")
    page.say(said.text if isinstance(said, Scalar) else "")
    page.table(
        ["", ""],
        [("from", Code(mapping.from_)), ("to", Code(mapping.to)), ("file", file), ("hash", mapping.digest.hex()[:16])],
    )  # fmt: skip
    page.say("Used by:")
    page.table(["channel"], [(Link(f"channels/{name}"),) for name in channels])
    head = [(key, Code(node.text)) for key in ("each", "when") if isinstance(node := entries.get(key), Scalar)]  # fmt: skip
    page.table(["", ""], head)
    page.head("Fields")
    rules = mapping.rules()
    rows = [(Code(name), Code(text), [Code(path) for path in paths]) for name, text, paths in rules]  # fmt: skip
    if not rows:
        kept = {key: node for key, node in entries.items() if key not in _SAID}
        rows = [(Code(name), Code(text), []) for name, text in _leaves(kept)]
    page.table(["target", "rule", "from"], rows)
    page.table(["table"], [(Code(name),) for name in sorted(mapping.tables)])
    return page


_SAID = ("description", "from", "to", "each", "when")


def _leaves(entries: dict[str, Node], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Everything a mapping says, by where it is said."""
    for key, node in entries.items():
        name = f"{prefix}{key}"
        if isinstance(node, Scalar):
            yield (
                name,
                f'"{node.text}"' if node.style == "quoted" else " ".join(node.text.split()),
            )
        elif isinstance(node, Record):
            yield from _leaves(node.entries, f"{name} · ")
        elif all(isinstance(item, Scalar) for item in node.items):
            yield name, ", ".join(item.text for item in node.items if isinstance(item, Scalar))
        else:
            yield from _leaves({f"{at}": item for at, item in enumerate(node.items, 1)}, f"{name} · ")  # fmt: skip
