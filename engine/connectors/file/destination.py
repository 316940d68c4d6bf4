"""Deliveries as files: each a file of its own, or a line of one that grows and is closed at its time."""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from engine.connectors import Answer, Site
from engine.connectors.file.appender import Appender
from engine.connectors.file.rotation import Rotate
from engine.connectors.file.whole import publish, settle
from engine.errors import DeliveryError, Misconfigured, Refused, Unavailable
from engine.message import Delivery
from engine.packing.sealing import packed
from engine.packing.settings import Packing, check_pack, listed_packing
from engine.settings import FileName

#: Bytes a name may have; draft and journal names are longer, and file systems stop at 255.
LONGEST_NAME = 200
_OURS = {
    errno.ENOENT: "the folder does not exist",
    errno.ENOTDIR: "the folder is not a folder",
    errno.EACCES: "the folder may not be written",
    errno.EPERM: "the folder may not be written",
    errno.EROFS: "the file system is read-only",
    errno.EISDIR: "a folder of that name exists",
}


class DestinationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Writes every delivery into a folder."""

    folder: str
    """Folder to write to. One inside the home (a relative path) is made when it is missing, any other must exist."""
    name: FileName
    """Name of the file; may have holes, which are made safe."""
    exists: Literal["refuse", "number", "overwrite"] = "refuse"
    """What happens where the name is taken: refuse the delivery, number the name, or overwrite."""
    pack: Packing | list[Packing] = []
    """What it is packed in, the innermost first: `zip`, `gzip`, `[zip, {pgp: {encrypt_to: {file: keys/partner.asc}}}]`."""
    append: bool = False
    """Whether every delivery becomes lines at the end of one file instead of a file of its own."""
    rotate: Rotate | None = None
    """When a file that grows is closed; none = never, it is appended to under its own name."""
    header: str = ""
    """First line of every file that grows."""
    line_end: Literal["lf", "crlf"] = "lf"
    """How lines end in a file that grows."""

    def __post_init__(self) -> None:
        if "{" not in self.name and not _is_safe(self.name):
            raise ValueError("name: expected one file name, without folders or a leading dot")
        if not self.append and (self.rotate is not None or self.header):
            raise ValueError(
                "append: rotate and header are for a file that grows; write append: true"
            )
        check_pack(listed_packing(self.pack))
        if self.append and self.pack:
            raise ValueError("pack: a file that grows cannot be packed")
        if self.append and self.exists != "refuse":
            raise ValueError("exists: a file that grows is always appended to")


class Destination:
    """
    Publishes each delivery once, however often it is sent: both ways of writing recognise the key of a delivery
    that is sent again after a crash (engine/connectors/file/whole.py, growing.py).
    """

    def __init__(self, settings: DestinationSettings, site: Site) -> None:
        self._settings = settings
        self._home, self._folder = site.home, site.home / settings.folder
        if not Path(settings.folder).is_absolute():
            with suppress(OSError):  # the first send says what is wrong
                self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._line_end = b"\r\n" if settings.line_end == "crlf" else b"\n"
        self._appender: Appender | None = None
        if settings.append:
            header = settings.header.encode() + self._line_end if settings.header else b""
            self._appender = Appender(
                site, self._folder, header, self._line_end, settings.rotate
            )

    async def send(self, delivery: Delivery, payload: bytes) -> Answer:
        """
        Write it; durable when it returns. Unavailable where the disk is full or fails: whatever was written
        is recognised when the delivery is sent again, so that this is safe.
        """
        name = (delivery.options or {}).get("name", self._settings.name)
        if not _is_safe(name):
            raise Refused("not written", "the name is not one safe file name")
        try:
            if self._appender is not None:
                line = payload.rstrip(b"\r\n") + self._line_end
                await self._appender.append(delivery.key, name, line)
            else:
                await asyncio.to_thread(self._publish, name, delivery.key, payload)
        except FileExistsError:
            return _refused("a file of that name exists")
        except OSError as error:
            raise _judge(error) from None
        return Answer(status="written")

    def _publish(self, name: str, key: str, payload: bytes) -> None:
        settings = self._settings
        payload = packed(name, payload, listed_packing(settings.pack), self._home)
        publish(self._folder / name, key, payload, settings.exists)

    async def settled(self, delivery: Delivery) -> None:
        """The outcome is durable: its key need not be recognised any more."""
        if self._appender is not None:
            self._appender.settle(delivery.key)
        else:
            await asyncio.to_thread(settle, self._folder, delivery.key)

    async def close(self) -> None:
        """Put growing files on the disk and let go of them."""
        if self._appender is not None:
            await self._appender.close()


def _refused(why: str) -> Answer:
    return Answer(status="exists", failure=Refused("exists", why))


def _judge(error: OSError) -> DeliveryError:
    if error.errno in _OURS:
        return Misconfigured("not written", _OURS[error.errno])
    return Unavailable("not written", (error.strerror or "the disk failed").lower())


def _is_safe(name: str) -> bool:
    if not name or name.startswith(".") or len(name.encode()) > LONGEST_NAME:
        return False
    return name.isprintable() and not set(name) & set("/\\")
