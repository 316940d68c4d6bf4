"""What a channel writes under `unpack:` of a source and `pack:` of a destination."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from engine.settings import Count, Secret, Size

#: Steps of one list at most: an archive in an archive in an archive is somebody's joke.
MOST_STEPS = 4


class OpenZip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A zip archive; each file in it is one message."""

    pattern: str = "*"
    """Names of the members to take, `*.csv`; hidden ones are never taken."""
    most: Count = 10_000
    """Members of one archive at most."""
    max_size: Size = Size(1024 * 1024 * 1024)
    """Bytes of all its members together, unpacked, at most."""

    def __post_init__(self) -> None:
        if "/" in self.pattern:
            raise ValueError("pattern: the name of a member stands here, not a path")


class OpenGzip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One compressed file."""


class OpenPgp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that the partner encrypted for us, signed, or both (OpenPGP, RFC 9580)."""

    key: Secret | None = None
    """Our private key, `{file: keys/ours.asc}`; none = the files are signed, but not encrypted."""
    passphrase: Secret | None = None
    """Passphrase of our private key."""
    signed_by: Secret | None = None
    """The partner's public key, or several in one file; a file that none of them signed is not taken."""

    def __post_init__(self) -> None:
        if self.key is None and self.signed_by is None:
            raise ValueError(
                "a `key` is missing, our private key that opens the files, or `signed_by`, the key they are signed with"
            )
        if self.passphrase is not None and self.key is None:
            raise ValueError("passphrase: it belongs to a key, which is missing")


class Unpacking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of opening: `zip`, `gzip`, or `{pgp: {key: {file: keys/ours.asc}}}`."""

    pgp: OpenPgp | None = None
    """An encrypted or signed file."""
    zip: OpenZip | None = None
    """A zip archive."""
    gzip: OpenGzip | None = None
    """A compressed file."""

    example: ClassVar[str] = "zip"

    def __post_init__(self) -> None:
        _one(self, "zip, gzip or pgp")

    @classmethod
    def read(cls, text: str) -> Unpacking:
        """
        The step that one word names; ValueError where it needs more than a word.

        >>> Unpacking.read("zip").zip is not None
        True
        """
        if text == "zip":
            return cls(zip=OpenZip())
        if text == "gzip":
            return cls(gzip=OpenGzip())
        raise ValueError("zip, gzip, or {pgp: {key: {file: keys/ours.asc}}}")


class MakeZip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A zip archive with one member, named as the file without its endings."""


class MakeGzip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One compressed file."""


class MakePgp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encrypted for the partner, and signed by us where a key is named (OpenPGP, RFC 9580)."""

    encrypt_to: Secret
    """The partner's public key, `{file: keys/partner.asc}`; several in one file = each of them can open it."""
    sign_with: Secret | None = None
    """Our private key, by which the partner knows that it comes from us; none = not signed."""
    passphrase: Secret | None = None
    """Passphrase of our private key."""
    armored: bool = False
    """Whether it is written as text (ASCII armor) instead of bytes."""

    def __post_init__(self) -> None:
        if self.passphrase is not None and self.sign_with is None:
            raise ValueError("passphrase: it belongs to the key of sign_with, which is missing")


class Packing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of packing: `zip`, `gzip`, or `{pgp: {encrypt_to: {file: keys/partner.asc}}}`."""

    zip: MakeZip | None = None
    """A zip archive."""
    gzip: MakeGzip | None = None
    """A compressed file."""
    pgp: MakePgp | None = None
    """An encrypted file."""

    example: ClassVar[str] = "zip"

    def __post_init__(self) -> None:
        _one(self, "zip, gzip or pgp")

    @classmethod
    def read(cls, text: str) -> Packing:
        """
        The step that one word names; ValueError where it needs more than a word.

        >>> Packing.read("gzip").gzip is not None
        True
        """
        if text == "zip":
            return cls(zip=MakeZip())
        if text == "gzip":
            return cls(gzip=MakeGzip())
        raise ValueError("zip, gzip, or {pgp: {encrypt_to: {file: keys/partner.asc}}}")


def _one(step: msgspec.Struct, expected: str) -> None:
    found = [name for name in step.__struct_fields__ if getattr(step, name) is not None]
    if len(found) != 1:
        raise ValueError(f"one step is one of {expected}; each stands in a line of its own")


def check_unpack(steps: list[Unpacking]) -> None:
    """ValueError, naming the setting, where there are more steps than anybody packs."""
    if len(steps) > MOST_STEPS:
        raise ValueError(f"unpack: {MOST_STEPS} steps at most")


def check_pack(steps: list[Packing]) -> None:
    """ValueError, naming the setting, where the steps make no sense together."""
    if len(steps) > MOST_STEPS:
        raise ValueError(f"pack: {MOST_STEPS} steps at most")
    kinds = [next(n for n in step.__struct_fields__ if getattr(step, n)) for step in steps]
    if "pgp" in kinds and kinds.index("pgp") < len(kinds) - 1:
        raise ValueError("pack: pgp stands last; what is encrypted cannot be made smaller")


def listed(steps: Unpacking | list[Unpacking]) -> list[Unpacking]:
    """The steps of opening, where one may stand without a list."""
    return steps if isinstance(steps, list) else [steps]


def listed_packing(steps: Packing | list[Packing]) -> list[Packing]:
    """The steps of packing, where one may stand without a list."""
    return steps if isinstance(steps, list) else [steps]
