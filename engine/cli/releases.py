"""`releases`: what a channel was made of, and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli import completion
from engine.cli.app import Home, Json, app, fail, here

if TYPE_CHECKING:
    from engine.handling.releases import Changed
    from engine.store import Archive


@app.command()
def releases(
    channel: Annotated[
        str, typer.Argument(metavar="CHANNEL", autocompletion=completion.channels)
    ],
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="What differs between two of them."),
    ] = None,
    files: Annotated[
        str, typer.Option(metavar="RELEASE", help="Print the files of one of them.")
    ] = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show the releases of a channel, newest first."""
    from engine.cli.selection import open_archive

    archive = open_archive(here(home))
    if diff is not None:
        _diff(archive, channel, diff, as_json)
    elif files:
        _files(archive, channel, files, as_json)
    else:
        _list(archive, channel, as_json)


def _list(archive: Archive, channel: str, as_json: bool) -> None:
    from engine.cli.terminal import json_out, moment, table

    kept = archive.releases(channel)
    if as_json:
        json_out({"releases": kept})
        return
    if not kept:
        raise fail(f"there is no release of a channel '{channel}' in the store")
    rows: list[tuple[Any, ...]] = []
    for at, one in enumerate(kept):
        before = kept[at + 1].files if at + 1 < len(kept) else {}
        paths = sorted({*before, *one.files})
        changed = [path for path in paths if before.get(path) != one.files.get(path)]
        rows.append((one.release, moment(one.at), one.who, ", ".join(changed) or "settings of config.yaml"))  # fmt: skip
    for line in table(rows, ("release", "in use since", "by", "changed")):
        print(line)


def _texts(archive: Archive, channel: str, release: str) -> dict[str, bytes]:
    found = archive.release(channel, release)
    if found is None:
        raise fail(f"{channel} has no release {release}: see corridor releases {channel}")
    return found


def _files(archive: Archive, channel: str, release: str, as_json: bool) -> None:
    from engine.cli.terminal import json_out, paint, safe, safe_lines

    texts = _texts(archive, channel, release)
    if as_json:
        json_out({"files": texts})
        return
    for path, content in texts.items():
        print(paint(safe(path), "strong"))
        print(safe_lines(content.decode("utf-8", "replace")))


def _diff(archive: Archive, channel: str, two: tuple[str, str], as_json: bool) -> None:
    from engine.cli.terminal import json_out
    from engine.handling.releases import changed

    before, after = (_texts(archive, channel, release) for release in two)
    found = changed(before, after)
    if as_json:
        json_out({"files": found})
        return
    for file in found:
        _show(file)
    if not found:
        print("no file differs: a setting of config.yaml made the other release" if two[0] != two[1] else "that is twice the same release")  # fmt: skip


def _show(file: Changed) -> None:
    from engine.cli.terminal import paint, safe

    print(paint(safe(file.path), "strong") + (f"  {file.what}" if file.what != "changed" else ""))  # fmt: skip
    styles = {"added": ("+ ", "good"), "removed": ("- ", "error"), "place": ("", "quiet")}
    for piece in file.lines:
        sign, style = styles.get(piece.kind, ("  ", ""))
        print(paint(sign + safe(piece.text), style) if style else sign + safe(piece.text))
