"""The files of `channels/` as written: read, and made of their templates where they say `like`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from engine.channel.names import NAME, spelled
from engine.channel.templates import Templates, like_missing
from engine.placed import Mistakes, Node, Place, Record, Scalar, read_file

FOLDER = "channels"


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One channel, before anything in it is bound."""

    name: str
    file: str
    record: Record
    """What the channel says, with its template's keys in it."""
    content: bytes
    """All that was read for it: its file, and its template's."""
    texts: tuple[tuple[str, bytes], ...] = ()
    """The same, file by file."""
    template: str = ""
    sound: bool = True
    """Whether nothing was wrong with it so far; a template may be wrong and the channel be bound all the same."""


def read(path: Path, home: Path, mistakes: Mistakes, templates: Templates) -> Written | None:
    """One file; None where it holds no channel, or no template of the name it says (mistakes are noted)."""
    file = path.relative_to(home).as_posix()
    before = len(mistakes.found)
    _check_name(path, file, mistakes)
    node, content = read_file(path, file, mistakes)
    if node is None:
        return None
    if not isinstance(node, Record) or not node.entries:
        _no_channel(node, mistakes)
        return None
    texts: tuple[tuple[str, bytes], ...] = ((file, content),)
    name = ""
    if "like" in node.entries:
        made = templates.made(node, mistakes)
        if made is None:
            return None
        node, name = made.record, made.template
        content += made.content
        texts += ((made.file, made.content),)
    else:
        like_missing(node, mistakes)
    sound = len(mistakes.found) == before
    return Written(name=path.stem, file=file, record=node, content=content, texts=texts, template=name, sound=sound)  # fmt: skip


def _no_channel(node: Node, mistakes: Mistakes) -> None:
    if isinstance(node, Scalar) and ":" in node.text:
        key, _, rest = node.text.partition(":")
        problem = "a colon stands here without the space after it that makes a key"
        mistakes.add(node, problem, f"{key}: {rest.split()[0]}" if rest.split() else "")
        return
    problem = "the file holds no channel yet: a 'source', a 'format' and 'destinations'"
    mistakes.add(
        node, problem, "source: {mllp: {port: 2575}}\nformat: hl7v2\ndestinations: ..."
    )


def _check_name(path: Path, file: str, mistakes: Mistakes) -> None:
    if not NAME.fullmatch(path.stem):
        problem = f"'{path.stem}' is no name for a channel; the file's name has small letters, digits and underscores"
        place = Place(file=file, line=1, column=1)
        mistakes.add(place, problem, f"{path.parent.name}/{spelled(path.stem)}.yaml")


def files(home: Path, mistakes: Mistakes) -> list[Path]:
    """The channels' files; one that was meant to be a channel and is not taken for one is a mistake."""
    folder = home / FOLDER
    for path in sorted(folder.glob("*.yml")):
        place = Place(file=path.relative_to(home).as_posix(), line=1, column=1)
        problem = "a channel's file ends in .yaml; this one is not read"
        mistakes.add(place, problem, f"{FOLDER}/{path.stem}.yaml")
    return sorted(path for path in folder.glob("*.yaml") if not path.name.startswith("."))


def memories(records: Iterable[Record]) -> dict[str, tuple[str, ...]]:
    """What the channels of a home remember: the fields of each memory by its name."""
    found: dict[str, dict[str, None]] = {}
    for record in records:
        remember = record.entries.get("remember")
        for name, node in remember.entries.items() if isinstance(remember, Record) else ():
            fields = node.entries.get("fields") if isinstance(node, Record) else None
            names = fields.entries if isinstance(fields, Record) else {}
            found.setdefault(name, {}).update(dict.fromkeys(names))
    return {name: tuple(fields) for name, fields in found.items()}
