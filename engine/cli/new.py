"""`new channel`: a channel, its mapping, a sample and tests that pass, ready to be changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import USAGE, Home, app, fail, here
from engine.cli.skeletons import DESTINATIONS, FORMATS, SOURCES, Choice, files

new_app = typer.Typer(help="Begin something new.", rich_markup_mode=None, no_args_is_help=True)
app.add_typer(new_app, name="new", help="Begin a new channel.")


def _one_of(known: tuple[str, ...]) -> str:
    return f"{', '.join(known[:-1])} or {known[-1]}"


@new_app.command("channel")
def new_channel(
    name: Annotated[str, typer.Argument(metavar="NAME", help="lower_case_with_underscores")],
    *,
    source: Annotated[
        str, typer.Option("--source", help=f"Where messages come from: {_one_of(SOURCES)}.")
    ] = "",
    format_: Annotated[
        str, typer.Option("--format", help=f"What they are: {_one_of(FORMATS)}.")
    ] = "",
    to: Annotated[
        str, typer.Option("--to", help=f"Where they go: {_one_of(DESTINATIONS)}.")
    ] = "",
    port: Annotated[
        int,
        typer.Option("--port", help="Port to listen on; 0 = the next one that no channel has."),
    ] = 0,
    address: Annotated[
        str, typer.Option("--address", help="The destination's URL, host:port or folder.")
    ] = "",
    home: Home = None,
) -> None:
    """Write a channel with mapping, sample and tests. Asks for what is not given, where it can."""
    folder = here(home)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise fail(f"'{name}' is no channel name; use a-z, 0-9 and _, as in lab_results", USAGE)
    choice = Choice(
        name=name,
        source=_asked("source", source, SOURCES, "mllp"),
        format=_asked("format", format_, FORMATS, "hl7v2"),
        to=_asked("to", to, DESTINATIONS, "http"),
        port=port or _free_port(folder),
        address=address,
    )
    if (choice.format, choice.to) == ("json", "mllp"):
        raise fail(
            "a partner over MLLP takes HL7; choose --format hl7v2 or another --to", USAGE
        )
    written = files(choice)
    for path in written:
        if (folder / path).exists():
            raise fail(f"{path} exists already; nothing was written")
    for path, text in written.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
        print(f"wrote {path}")
    _say_next(folder, choice, written)


def _asked(option: str, given: str, known: tuple[str, ...], default: str) -> str:
    """What was given, or what a person answers, or the default where nobody can be asked."""
    import sys

    if not given and sys.stdin.isatty():
        given = typer.prompt(f"{option} ({', '.join(known)})", default=default)
    given = given or default
    if given not in known:
        raise fail(f"--{option} is {_one_of(known)}, not '{given}'", USAGE)
    return given


def _free_port(home: Path) -> int:
    """The first port from 2575 that no channel of the home names."""
    taken = {
        int(number)
        for path in (home / "channels").glob("*.yaml")
        for number in re.findall(r"\bport:\s*(\d+)", path.read_text("utf-8", "replace"))
    }
    return next(port for port in range(2575, 65536) if port not in taken)


def _say_next(home: Path, choice: Choice, written: dict[str, str]) -> None:
    sample = next(path for path in written if path.startswith("samples/"))
    where = "" if home == Path.cwd() else f" --home {home}"
    print("\nnext:")
    print(f"  corridor check{where}")
    print(f"  corridor test {choice.name}{where}")
    print(f"  corridor try {choice.name} {sample}{where}")
    print(f"  corridor run{where}")
    if choice.source != "file":
        print("then, in another terminal:")
        print(f"  corridor send {sample} --to {choice.name}{where}")
        print(f"  corridor tail {choice.name}{where}")
