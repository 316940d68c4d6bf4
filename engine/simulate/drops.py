"""A simulated partner that leaves files in its own drop box by the clock, as suppliers and payers do overnight."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from engine.errors import CommandError
from engine.settings import Duration
from engine.simulate.sftp import SftpPartner

#: In a sample, what the number of the drop is put for: nine digits, as in ISA13.
_NUMBER = b"{number}"


class Drop(msgspec.Struct, frozen=True, kw_only=True):
    """One file, left again and again: `dropbox/out=samples/x12/invoice.810,20s`."""

    partner: str
    folder: str
    """Folder of the drop box; made where it is missing."""
    sample: Path
    """The file; `{number}` in it becomes the number of the drop, nine digits."""
    every: float
    """Seconds from one to the next."""

    def name(self, number: int) -> str:
        """The file's name the so many-eth time."""
        return f"{self.sample.stem}_{number:04}{self.sample.suffix}"

    def content(self, number: int) -> bytes:
        """What is in it; OSError where the sample cannot be read."""
        return self.sample.read_bytes().replace(_NUMBER, b"%09d" % number)


def drop_of(text: str) -> Drop:
    """
    A drop as ordered; CommandError, saying what to write, for what is none.

    >>> drop_of("dropbox/out=invoice.810,20s").every
    20.0
    """
    place, equals, rest = text.partition("=")
    partner, _, folder = place.partition("/")
    sample, comma, every = rest.rpartition(",")
    try:
        if not (equals and partner and comma and sample) or ".." in folder.split("/"):
            raise ValueError
        seconds = float(Duration.read(every))
    except ValueError:
        raise CommandError(
            f"'{text}' is no drop; write dropbox/out=samples/x12/invoice.810,20s"
        ) from None
    return Drop(partner=partner, folder=folder, sample=Path(sample), every=seconds)


def put(partner: SftpPartner, folder: str, name: str, content: bytes) -> Path:
    """Leave a file in a drop box: under a temporary name first, so that nobody takes half of it. Where it is."""
    path = partner.folder / folder.strip("/") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{name}.part")
    draft.write_bytes(content)
    draft.rename(path)
    return path


async def keep_dropping(partner: SftpPartner, drop: Drop) -> None:
    """Leave the file until cancelled, the first at once. Numbers go on where earlier ones lie there still."""
    number = 1
    while True:
        while (partner.folder / drop.folder / drop.name(number)).exists():
            number += 1
        put(partner, drop.folder, drop.name(number), drop.content(number))
        number += 1
        await asyncio.sleep(drop.every)


def listed(folder: Path) -> list[str]:
    """
    What lies in a drop box, a line for each file: its path and how long it is; what is hidden or being written is not shown.
    """
    files = [path for path in folder.rglob("*") if path.is_file()]
    shown = {path.relative_to(folder): path for path in files}
    return [
        f"{name}  {path.stat().st_size} bytes"
        for name, path in sorted(shown.items())
        if not any(part.startswith(".") for part in name.parts)
    ]
