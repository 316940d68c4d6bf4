"""`fmt`: the files of a home as everybody writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.app import FOUND, USAGE, Home, app, fail, here

#: The folders whose YAML files are a home's.
FOLDERS = ("channels", "channels/templates", "mappings", "mappings/layouts", "mappings/tables")


@app.command()
def fmt(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Only these, or folders of them; without any, all of the home.",
        ),
    ] = None,
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing, name what would be; exit code 1 if any."),
    ] = False,
    home: Home = None,
) -> None:
    """Put the files of a home in order. Keys in the order of the line, two spaces a level; comments stay, the meaning does not change."""
    from engine.cli.running import counted
    from engine.cli.terminal import safe

    folder, changed, seen = here(home), 0, 0
    for path in _named(files) if files else _all(folder):
        before = path.read_bytes()
        after = _tidied(before, _name(path, folder))
        seen += 1
        if after != before:
            changed += 1
            print(safe(_name(path, folder)))
            if not check:
                path.write_bytes(after)
    done = "to be changed" if check else "changed"
    print(f"{counted(seen, 'file')}, {changed} {done}")
    if check and changed:
        raise typer.Exit(FOUND)


def _tidied(before: bytes, name: str) -> bytes:
    """The file in order, with the line ends that it has; one that is not UTF-8 as it is (`check` says so)."""
    from engine.channel.tidy import tidy

    try:
        text = before.decode("utf-8-sig")
    except UnicodeDecodeError:
        return before
    if "\r\n" not in text:
        return tidy(text, name).encode()
    return tidy(text.replace("\r\n", "\n"), name).replace("\n", "\r\n").encode()


def _named(paths: list[Path]) -> Iterator[Path]:
    """The files that are meant, of folders those of YAML."""
    for path in paths:
        if path.is_dir():
            yield from sorted(path.rglob("*.yaml"))
        elif path.is_file():
            yield path
        else:
            raise fail(f"there is no file {path}", USAGE)


def _all(home: Path) -> Iterator[Path]:
    if (home / "config.yaml").is_file():
        yield home / "config.yaml"
    for folder in FOLDERS:
        yield from sorted((home / folder).glob("*.yaml"))


def _name(path: Path, home: Path) -> str:
    """Where a file stands in its home; by the names of its folders where it stands outside."""
    absolute = path.absolute()
    if absolute.is_relative_to(home.absolute()):
        return absolute.relative_to(home.absolute()).as_posix()
    folders = [name for name in FOLDERS if absolute.parent.as_posix().endswith(name)]
    return f"{max(folders, key=len)}/{path.name}" if folders else path.name
