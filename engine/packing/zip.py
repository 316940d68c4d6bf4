"""
Zip archives (APPNOTE 6.3.10, zip64 included). What an archive says of itself is not believed: before the first member is
handed on, all of them have been read to their end, within bounds, under names that are names, with their checksums right.
"""

from __future__ import annotations

import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import IO

from engine.errors import MessageError
from engine.packing import PIECE, Content, Member
from engine.packing.settings import OpenZip

#: Bytes of an archive's directory at most, for each member that it may have.
_ENTRY = 1024
#: A member over this many bytes may not be more than so many times as long as what it was packed in.
_FREE, _RATIO = 8 * 1024 * 1024, 500
#: Flags of general purpose: encrypted, patched, strongly encrypted, names hidden (APPNOTE 4.4.4).
_ENCRYPTED, _REFUSED = 0x2041, 0x0020
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_LONGEST_NAME = 200
#: The attributes of files are Unix's where the archive was made there (APPNOTE 4.4.2).
_UNIX, _MAC = 3, 19
#: What the reader raises of archives that are none.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, NotImplementedError, RuntimeError,
    OverflowError, OSError,
)  # fmt: skip


def opened(content: Content, settings: OpenZip, longest: int) -> list[Member]:
    """
    The members that match the pattern, in the order of the archive's directory. `longest` is how many bytes one may have.

    MessageError where it is damaged, encrypted, too large, or has a member that is no plain file with a plain name:
    then nothing of it is taken.
    """
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    try:
        archive = zipfile.ZipFile(_Bounded(file, settings.most * _ENTRY))
        found = archive.infolist()
    except _DAMAGED:
        raise MessageError(
            "archive_damaged", "the file is no zip archive, or is damaged"
        ) from None
    if len(found) > settings.most:
        raise _too_large(f"it has more than {settings.most} members")
    _check(found, settings.max_size)
    members = [one for one in found if _is_taken(one, settings.pattern)]
    if any(one.file_size > longest for one in members):
        raise _too_large("a member is longer than max_size of the source")
    for one in members:
        _verify(archive, one)
    return [_member(archive, one) for one in members]


class _Bounded(io.RawIOBase):
    """A file of which nobody reads much at once: the directory of an archive is read whole."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file, self._most = file, max(most, 2 * 65536)

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise zipfile.BadZipFile
        return self._file.read(min(size, self._most) if size >= 0 else self._most)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


# -- what the directory says -------------------------------------------------------------------------------


def _check(found: list[zipfile.ZipInfo], most: int) -> None:
    names: set[str] = set()
    total = 0
    for one in found:
        _check_kind(one)
        name = unicodedata.normalize("NFC", one.filename).casefold()
        if not _is_safe(one) or name in names:
            why = (
                "two of its members have one name"
                if name in names
                else "a member has a name that is none"
            )
            raise MessageError("archive_bad_name", why)
        names.add(name)
        total += one.file_size
        if one.file_size > _FREE and one.file_size > _RATIO * max(1, one.compress_size):
            raise _too_large(
                f"a member is more than {_RATIO} times as long as what it is packed in"
            )
    if total > most:
        raise _too_large("its members together are longer than max_size of zip")
    _check_places(found)


def _check_kind(one: zipfile.ZipInfo) -> None:
    if one.flag_bits & _ENCRYPTED:
        raise MessageError(
            "archive_encrypted",
            "a member is encrypted with a password; agree on pgp with the partner instead",
        )
    if one.flag_bits & _REFUSED or one.compress_type not in _METHODS:
        raise MessageError(
            "archive_unreadable", "a member is packed by another method than deflate"
        )
    mode = one.external_attr >> 16 if one.create_system in (_UNIX, _MAC) else 0
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise MessageError("archive_bad_name", "a member is a link or a device, and no file")


def _is_safe(one: zipfile.ZipInfo) -> bool:
    """Whether a name leads nowhere but into the archive. The reader cuts names at a NUL: what was cut tells."""
    if one.orig_filename.split("/") != one.filename.split("/") or "\\" in one.orig_filename:
        return False
    parts = one.filename.rstrip("/").split("/")
    return all(
        part not in ("", ".", "..")
        and part.isprintable()
        and ":" not in part
        and len(part.encode("utf-8", "replace")) <= _LONGEST_NAME
        for part in parts
    )


def _check_places(found: list[zipfile.ZipInfo]) -> None:
    """No two members share bytes: an archive of a few kilobytes becomes petabytes where they do."""
    end = 0
    for one in sorted(found, key=lambda each: each.header_offset):
        if one.header_offset < end:
            raise MessageError("archive_damaged", "members of the archive overlap")
        end = one.header_offset + 30 + len(one.orig_filename) + one.compress_size


def _is_taken(one: zipfile.ZipInfo, pattern: str) -> bool:
    parts = one.filename.split("/")
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return not one.is_dir() and not hidden and fnmatchcase(parts[-1], pattern)


def _too_large(why: str) -> MessageError:
    return MessageError("archive_too_large", f"the archive is too large: {why}")


# -- what is in it -----------------------------------------------------------------------------------------


def _verify(archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> None:
    """Read it to its end: the reader stops at the length that was said, and compares the checksum there."""
    length = 0
    try:
        for piece in _pieces(archive, one):
            length += len(piece)
    except _DAMAGED:
        length = -1
    if length != one.file_size:
        raise MessageError("archive_damaged", "a member of the archive is damaged")


def _pieces(archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(one) as file:
        while piece := file.read(PIECE):
            yield piece


def _member(archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> Member:
    name = one.filename.rpartition("/")[2]
    return Member(name, one.file_size, lambda: _pieces(archive, one))


def made(content: bytes, name: str) -> bytes:
    """An archive with one member. The same content gives the same bytes: a time in it would not."""
    into = io.BytesIO()
    entry = zipfile.ZipInfo(name)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o640 << 16
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr(entry, content)
    return into.getvalue()
