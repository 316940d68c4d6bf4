"""Which messages are meant: by short id, or by channel, state, verdict, kind, key and time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli import completion

if TYPE_CHECKING:
    from engine.store import Archive, Found

Channel = Annotated[
    str,
    typer.Option(
        "--channel",
        "-c",
        metavar="NAME",
        help="Only messages of this channel.",
        autocompletion=completion.channels,
    ),
]
State = Annotated[
    str,
    typer.Option(
        "--state",
        metavar="STATE",
        help="Only with a delivery that is queued, sending, uncertain, refused, delivered or discarded.",
        autocompletion=completion.states,
    ),
]
Verdict = Annotated[
    str,
    typer.Option(
        "--verdict",
        metavar="VERDICT",
        help="Only accepted, filtered, duplicate, quarantined, split or collected ones.",
        autocompletion=completion.verdicts,
    ),
]
Kind = Annotated[
    str, typer.Option("--kind", metavar="KIND", help="Only of this kind: DFT^P03.")
]
Key = Annotated[
    str,
    typer.Option(
        "--key", "-k", metavar="NAME=VALUE", help="Only with this key; =VALUE under any name."
    ),
]
Control = Annotated[
    str,
    typer.Option(
        "--control", metavar="NUMBER", help="Only with this number of the sender (MSH-10)."
    ),
]
Since = Annotated[
    str,
    typer.Option(
        "--since", metavar="WHEN", help="Not older: 10m, 2h, 2026-11-21, '2026-11-21 08:30'."
    ),
]
Until = Annotated[
    str, typer.Option("--until", metavar="WHEN", help="Not newer; written like --since.")
]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Short ids: 774K-6.")]


def open_archive(home: Path) -> Archive:
    """The read side of a home's store; CommandError where nothing was ever received."""
    from engine.errors import CommandError

    if not (home / "data").is_dir():
        raise CommandError(f"{home} has no store yet; it begins with: corridor run")
    from engine.store.archive import SqliteArchive

    return SqliteArchive(home)


def recorded(home: Path, key: str, reason: str = "") -> None:
    """Whose messages there are is content: a search by key is recorded before, with the key's name and no value."""
    if key:
        from engine.cli.people import record

        name, _ = named(key)
        record(home, "search_by_key", f"key {name}" if name else "any key", reason)


def number(short: str) -> int:
    """The number behind a short id."""
    from engine.message import number_of

    return number_of(short)


def wanted(
    *,
    channel: str = "",
    verdict: str = "",
    state: str = "",
    kind: str = "",
    key: str = "",
    control: str = "",
    since: str = "",
    until: str = "",
) -> dict[str, Any]:
    """The options as arguments of `Archive.search`; BadParameter where one cannot be read."""
    from engine.message import State as States
    from engine.message import Verdict as Verdicts

    _one_of("--verdict", verdict, [one.value for one in Verdicts])
    _one_of("--state", state, [one.value for one in States])
    return {
        "channel": channel or None,
        "verdict": verdict or None,
        "state": state or None,
        "kind": kind or None,
        "key": named(key) if key else None,
        "control": control or None,
        "since": _moment(since) if since else None,
        "until": _moment(until) if until else None,
    }


def _one_of(option: str, given: str, known: Sequence[str]) -> None:
    if given and given not in known:
        raise typer.BadParameter(f"{option} is one of {', '.join(known)}")


def _moment(text: str) -> float:
    from engine.errors import CommandError
    from engine.handling.choosing import at

    try:
        return at(text)
    except CommandError as error:
        raise typer.BadParameter(f"'{text}': {error}") from None


def named(key: str) -> tuple[str, str]:
    """See engine/handling/choosing.py."""
    from engine.handling import choosing

    return choosing.named(key)


def search(archive: Archive, limit: int, **filters: Any) -> Iterator[Found]:
    """See engine/handling/choosing.py."""
    from engine.handling import choosing

    return choosing.search(archive, limit, **filters)


def chosen(
    archive: Archive, ids: Sequence[str] | None, limit: int, **options: str
) -> list[Found]:
    """The messages that the ids or the filters name, oldest first; UsageError where neither is given."""
    from engine.errors import CommandError

    if ids:
        found = []
        for short in ids:
            message = archive.message(number(short))
            if message is None:
                raise CommandError(f"there is no message {short}")
            found.append(message)
        return found
    if not any(options.values()):
        raise typer.BadParameter(
            "name messages by id, or choose them with --channel, --state, ..."
        )
    return list(search(archive, limit, **wanted(**options)))[::-1]
