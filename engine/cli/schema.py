"""`schema`: what editors need to complete and explain the files of a home."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.cli.app import USAGE, app, fail


@app.command()
def schema(
    kind: Annotated[
        str,
        typer.Argument(metavar="[KIND]", help="channel, mapping, config, table or layout."),
    ] = "channel",
) -> None:
    """Print the JSON Schema of a kind of file, for editors."""
    from engine.reference import editor

    if kind not in editor.kinds():
        raise fail(f"there is no kind '{kind}'; there is {', '.join(editor.kinds())}", USAGE)
    print(editor.text(kind), end="")
