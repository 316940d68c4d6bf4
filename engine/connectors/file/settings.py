"""What a channel says of a folder of this machine that it watches."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.folders.sequence import Sequence
from engine.folders.settings import check_pickup
from engine.packing.settings import Unpacking
from engine.schedule import Schedule
from engine.settings import Count, Duration, Size


class SourceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Watches a folder; every file is one message."""

    folder: str
    """Folder to watch, relative to the home."""
    pattern: str = "*"
    """Names to take, `*.hl7`; hidden and temporary names are never taken."""
    subfolders: bool = False
    """Whether folders inside it are looked into too."""
    every: Duration = Duration(5)
    """Time between two looks."""
    schedule: Schedule | None = None
    """When to look, in place of `every`: `{cron: "0 6 * * mon-fri"}`."""
    minimum_age: Duration = Duration(2)
    """A file is taken when it has not changed for so long and looked the same twice."""
    done: str = ""
    """Name of the file by which the sender says that another is whole, `{name}.done` or `{stem}.ok`; empty = none."""
    order: Literal["name", "time"] = "name"
    """The order in which files of one look are taken."""
    after: Literal["archive", "move", "delete", "leave"] = "archive"
    """What becomes of a file that was taken."""
    archive: str = "archive"
    """Folder for taken files, relative to the watched one unless absolute."""
    archive_by_day: bool = False
    """Whether the archive has a folder for every day, `2026-03-15` (UTC)."""
    move_to: str = ""
    """Folder that `after: move` moves taken files to; it must exist. Written as `archive` is."""
    again: Literal["changed", "always"] = "changed"
    """Whether a file that comes again under a name that was taken is a new message: only with other content, or always."""
    remember: Duration = Duration(90 * 86400)
    """How long names and contents of taken files are remembered, counted from when they were last seen."""
    max_size: Size = Size(200 * 1024 * 1024)
    """Longest file; longer ones are left and logged."""
    max_files: Count = 10_000
    """Files taken in one look at most; the others are taken in the next, which follows at once."""
    unpack: Unpacking | list[Unpacking] = []
    """What files are packed in, the outermost first: `zip`, `gzip`, `[{pgp: {key: {file: keys/ours.asc}}}, zip]`; each member is a message."""
    sequence: Sequence | None = None
    """The partner's numbering of files, `"PO_{number}.csv"`: a number that is missing or comes twice raises an alert."""

    def __post_init__(self) -> None:
        check_pickup(self)
