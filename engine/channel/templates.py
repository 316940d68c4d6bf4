"""
Templates: `channels/templates/NAME.yaml`, a channel with parameters. `like`, `with` and `override` make a channel of one.

Done before anything is bound, on the values as they are written: all that follows sees an ordinary channel, whose
places are the template's (and name the channel), the parameters' and the overrides'. A template is made of no other one:
who reads a channel has two files to read, never more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.channel import filling
from engine.channel.filling import Filling
from engine.channel.overriding import override
from engine.channel.parameters import Parameter, check_with, parameters
from engine.hints import meant, nearest, written
from engine.placed import Items, Mistakes, Node, Place, Record, Scalar, read_file

FOLDER = "channels/templates"
#: What a channel that is made of a template says itself; it wins.
OWN = ("description", "owner", "class", "tags", "zone", "alerts", "tests")
_LIKE = ("like", "with", "override")


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """One file of channels/templates."""

    name: str
    file: str
    record: Record
    """Without its parameters."""
    parameters: dict[str, Parameter]
    content: bytes


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A channel's keys, made of a template."""

    record: Record
    template: str
    file: str
    content: bytes


class Templates:
    """The templates of a home, each read once."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.known = sorted(path.stem for path in (home / FOLDER).glob("*.yaml") if path.name[0] != ".")  # fmt: skip
        self._read: dict[str, Template | None] = {}

    def made(self, channel: Record, mistakes: Mistakes) -> Made | None:
        """What a channel that says `like` is; None where its template does not exist or cannot be read."""
        like = channel.entries["like"]
        template = self._named(like, mistakes)
        if template is None:
            return None
        _check_beside(channel, template, mistakes)
        given = check_with(channel, template.name, template.parameters, mistakes)
        values, unknown = _values(template, given)
        place = channel.keys["like"]
        user = f"{place.file}:{place.line}"
        record = Filling(values, unknown, user, mistakes).node(template.record)
        assert isinstance(record, Record)
        record = override(record, channel.entries.get("override"), template.name, mistakes)
        return Made(
            record=_own(channel, record),
            template=template.name,
            file=template.file,
            content=template.content,
        )

    def unused(self, mistakes: Mistakes) -> Iterator[Made]:
        """Those that no channel is made of, as far as they can be checked without values for their parameters."""
        for name in self.known:
            if name in self._read:
                continue
            template = self._template(name, mistakes)
            if template is None:
                continue
            values, unknown = _values(template, {})
            record = Filling(values, unknown, "", mistakes).node(template.record)
            assert isinstance(record, Record)
            yield Made(
                record=record, template=name, file=template.file, content=template.content
            )

    def _named(self, like: Node, mistakes: Mistakes) -> Template | None:
        name = like.text if isinstance(like, Scalar) else ""
        if name in self.known:
            return self._template(name, mistakes)
        near = nearest(name.removesuffix(".yaml"), self.known)
        if not name:
            problem = "the name of a template stands here: a file of channels/templates"
        elif self.known:
            problem = f"there is no template '{name}' in {FOLDER}{meant(name, self.known)}"
        else:
            problem = (
                f"there is no template '{name}'; it would be the file {FOLDER}/{name}.yaml"
            )
        mistakes.add(like, problem, f"like: {near}" if near else "")
        return None

    def _template(self, name: str, mistakes: Mistakes) -> Template | None:
        if name not in self._read:
            self._read[name] = _read(self.home, name, mistakes)
        return self._read[name]


def _read(home: Path, name: str, mistakes: Mistakes) -> Template | None:
    file = f"{FOLDER}/{name}.yaml"
    node, content = read_file(home / file, file, mistakes)
    if node is None:
        return None
    if not isinstance(node, Record) or not node.entries:
        mistakes.add(node, "a template has 'parameters' and a channel's keys", "parameters: {facility: {}}")  # fmt: skip
        return None
    said = parameters(node, mistakes)
    for key in _LIKE:
        if key in node.entries:
            problem = (
                f"'{key}' does not stand in a template; a template is made of no other one"
            )
            mistakes.add(node.keys[key], problem)
    entries = {key: value for key, value in node.entries.items() if key not in (*_LIKE, "parameters")}  # fmt: skip
    keys = {key: node.keys[key] for key in entries}
    record = Record(entries=entries, keys=keys, place=node.place)
    _check_reads(record, said, mistakes)
    return Template(name=name, file=file, record=record, parameters=said, content=content)


def _check_reads(record: Record, said: dict[str, Parameter], mistakes: Mistakes) -> None:
    """Every parameter that is read is declared, and every one that is declared is read."""
    read: set[str] = set()
    let = record.entries.get("let")
    lets = tuple(let.entries) if isinstance(let, Record) else ()
    for scalar in _scalars(record):
        problem, write = filling.misplaced(scalar)
        if problem:
            mistakes.add(scalar, problem, write)
        if (bare := filling.bare(scalar)) in said and bare not in lets:
            problem = f"the parameter '{bare}' is read as with.{bare}"
            braces = "{" + f"with.{bare}" + "}"
            right = scalar.text.replace("{" + bare + "}", braces)
            write = f'"{right}"' if scalar.style == "quoted" else f"with.{bare}"
            mistakes.add(scalar, problem, write)
            read.add(bare)
        for name in filling.names(scalar):
            if name not in said and name not in read:
                near = nearest(name, said)
                known = meant(name, list(said)) if near else ""
                write = f"with.{near}" if near else f"parameters: {{{name}: {{}}}}"
                mistakes.add(scalar, f"the template has no parameter '{name}'{known}", write)
            read.add(name)
    for name, parameter in said.items():
        near_read = [other for other in read if other not in said and nearest(other, [name])]
        if name not in read and not near_read:
            problem = f"nothing in this template reads 'with.{name}'"
            mistakes.add(parameter.place, problem)


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
        return
    for item in node.items if isinstance(node, Items) else node.entries.values():
        yield from _scalars(item)


def _values(template: Template, given: dict[str, Node]) -> tuple[dict[str, Node], set[str]]:
    """Value or default of every parameter; and those that have neither, whose places tell nothing."""
    values: dict[str, Node] = {}
    unknown: set[str] = set()
    for name, parameter in template.parameters.items():
        value = given.get(name, parameter.default)
        if value is None:
            unknown.add(name)
            value = Scalar(text="x", style="quoted", place=parameter.place)
        values[name] = value
    return values, unknown


def _check_beside(channel: Record, template: Template, mistakes: Mistakes) -> None:
    """Keys that are the template's."""
    for key, place in channel.keys.items():
        if key in (*_LIKE, *OWN):
            continue
        known = (*_LIKE, *OWN)
        if key not in template.record.entries and (near := nearest(key, known)):
            mistakes.add(place, f"there is no '{key}' in a channel{meant(key, known)}", f"{near}: ...")  # fmt: skip
            continue
        shown = written(channel.entries[key], key) or "..."
        problem = f"'{key}' is the template's; what this channel has otherwise stands under 'override'"
        mistakes.add(place, problem, f"override: {{{key}: {shown}}}")


def _own(channel: Record, made: Record) -> Record:
    """With what the channel says itself laid over it."""
    entries, keys = dict(made.entries), dict(made.keys)
    for key in OWN:
        if key in channel.entries:
            entries[key], keys[key] = channel.entries[key], channel.keys[key]
    return Record(entries=entries, keys=keys, place=made.place)


def like_missing(channel: Record, mistakes: Mistakes) -> None:
    """`with` and `override` where there is no `like`."""
    for key in ("with", "override"):
        if key in channel.entries:
            place: Place = channel.keys[key]
            problem = f"'{key}' goes with 'like', which names the template; there is none here"
            mistakes.add(place, problem, "like: adt_site")
