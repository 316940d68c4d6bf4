"""`compare`: two outputs field by field, for moving from another engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.app import FOUND, USAGE, Json, app, fail

if TYPE_CHECKING:
    from engine.compare.outputs import Comparison, Field

#: Messages without a counterpart that are listed; all of them are with --json.
LISTED = 20


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="A file or folder: what there was.")],
    b: Annotated[
        Path, typer.Argument(metavar="B", help="A file or folder: what there is now.")
    ],
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="FIELD",
            help="Messages with the same value there belong together: MSH-10, ISA13, number, 'column 1'. May be repeated.",
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="FIELD", help="May differ: MSH-7. May be repeated."),
    ] = None,
    *,
    values: Annotated[
        bool, typer.Option("--values", help="Show what differs, not only where.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare two outputs field by field. HL7, X12, JSON and lines with separators; nothing is kept or sent."""
    from engine.cli.terminal import json_out
    from engine.compare.outputs import compared

    same = a.name if a.is_file() and b.is_file() else ""
    found = compared(_files(a, same), _files(b, same), by or (), ignore or ())
    if not (found.pairs or found.only_a or found.only_b or found.unkeyed):
        raise fail("there is no message in either", USAGE)
    if as_json:
        json_out(_plain(found, values))
    else:
        print("\n".join(_lines(found, str(a), str(b), values)))
    if not found.same:
        raise typer.Exit(FOUND)


def _files(path: Path, same: str) -> Iterator[tuple[str, bytes]]:
    """Names below the folder; `same` is the name of two single files, so that their messages meet."""
    from engine.cli.files import found

    for each in found([path]):
        name = str(each.relative_to(path)) if each != path else path.name
        yield same or name, each.read_bytes()


def _plain(found: Comparison, values: bool) -> dict[str, object]:
    import msgspec

    plain: dict[str, object] = msgspec.to_builtins(found)
    plain["same"] = found.same
    for field in plain["fields"]:  # type: ignore[attr-defined]
        for example in field["examples"] if not values else ():
            del example["a"], example["b"]
    return plain


def _lines(found: Comparison, a: str, b: str, values: bool) -> Iterator[str]:
    from engine.cli.running import counted
    from engine.cli.terminal import paint, safe

    differ = found.pairs - found.alike
    total = f"{counted(found.pairs, 'pair')}, {found.alike} alike, {differ} different"
    yield paint(total, "good" if found.same else "error")
    for said, places in (
        (f"only in {a}", found.only_a),
        (f"only in {b}", found.only_b),
        ("key met before, not compared", found.twice),
        ("without a key, not compared", found.unkeyed),
    ):
        if places:
            more = f" and {len(places) - LISTED} more" if len(places) > LISTED else ""
            yield f"{safe(said)}: {len(places)}"
            yield from (f"  {safe(place)}" for place in places[:LISTED])
            if more:
                yield f" {more}"
    for field in found.fields:
        yield from _field(field, values)


def _field(field: Field, values: bool) -> Iterator[str]:
    from engine.cli.terminal import paint, safe

    kinds = (("changed", field.changed), ("only in the first", field.missing), ("only in the second", field.added))  # fmt: skip
    said = ", ".join(f"{count} {kind}" for kind, count in kinds if count)
    yield f"{paint(safe(field.field), 'strong')}  {field.count}  {said}"
    for example in field.examples:
        shown = ""
        if values:
            a, b = ("(nothing)" if text is None else text for text in (example.a, example.b))
            shown = f"  {a} -> {b}"
        yield safe(f"  {example.where}  {example.place}{shown}")
