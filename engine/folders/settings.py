"""What the connectors `file` and `sftp` check of the settings that they have in common."""

from __future__ import annotations

from typing import Literal, Protocol

from engine.folders.sequence import Sequence
from engine.packing.settings import Unpacking, check_unpack, listed
from engine.schedule import Schedule


class Pickup(Protocol):
    """The settings of both."""

    @property
    def folder(self) -> str: ...
    @property
    def pattern(self) -> str: ...
    @property
    def every(self) -> float: ...
    @property
    def schedule(self) -> Schedule | None: ...
    @property
    def minimum_age(self) -> float: ...
    @property
    def done(self) -> str: ...
    @property
    def order(self) -> Literal["name", "time"]: ...
    @property
    def after(self) -> Literal["archive", "move", "delete", "leave"]: ...
    @property
    def archive(self) -> str: ...
    @property
    def archive_by_day(self) -> bool: ...
    @property
    def move_to(self) -> str: ...
    @property
    def again(self) -> Literal["changed", "always"]: ...
    @property
    def remember(self) -> float: ...
    @property
    def max_size(self) -> int: ...
    @property
    def max_files(self) -> int: ...
    @property
    def unpack(self) -> Unpacking | list[Unpacking]: ...
    @property
    def sequence(self) -> Sequence | None: ...


def check_pickup(settings: Pickup) -> None:
    """ValueError, naming the setting, where the settings cannot work together."""
    if settings.done and "{name}" not in settings.done and "{stem}" not in settings.done:
        raise ValueError("done: expected {name} or {stem} in it, such as {name}.done")
    if "/" in settings.pattern or "/" in settings.done:
        raise ValueError("pattern: expected a name, not a path; the folder stands in folder:")
    if (settings.after == "move") != bool(settings.move_to):
        raise ValueError("move_to: it names the folder for `after: move`, and stands with it")
    check_unpack(listed(settings.unpack))
