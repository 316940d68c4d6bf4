"""The types that settings are written in: lengths of time, sizes, rates, zones, secrets."""

from __future__ import annotations

import ipaddress
import os
import re
import zoneinfo
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZES = {"": 1, "B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


class Duration(float):
    """A length of time, written `500ms`, `5s`, `10m`, `2h` or `400d`; in seconds."""

    example: ClassVar[str] = "30s"

    @classmethod
    def read(cls, text: str) -> Duration:
        """
        ValueError where it is not one.

        >>> Duration.read("10m"), Duration.read("1h30m")
        (600.0, 5400.0)
        """
        parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text.strip())
        if not parts or "".join(number + unit for number, unit in parts) != text.strip():
            raise ValueError("a length of time such as 500ms, 5s, 10m, 2h or 7d")
        return cls(sum(float(number) * _UNITS[unit] for number, unit in parts))

    @staticmethod
    def mend(text: str) -> str:
        """
        What was probably meant by something that is not a length of time.

        >>> Duration.mend("5"), Duration.mend("5 min"), Duration.mend("a while")
        ('5s', '5m', '30s')
        """
        match = re.fullmatch(r"(\d+)\s*([a-z]*)", text.strip().lower())
        if match is None:
            return "30s"
        unit = match[2] if match[2] in _UNITS else match[2][:1]
        return match[1] + (unit if unit in _UNITS else "s")


class Size(int):
    """A number of bytes, written `64KB`, `16MB` or `1GB`."""

    example: ClassVar[str] = "16MB"

    @classmethod
    def read(cls, text: str) -> Size:
        """
        ValueError where it is not one.

        >>> Size.read("16MB")
        16777216
        """
        match = re.fullmatch(r"(\d+)\s*(B|KB|MB|GB|)", text.strip(), re.IGNORECASE)
        if match is None:
            raise ValueError("a size such as 64KB, 16MB or 1GB")
        return cls(int(match[1]) * _SIZES[match[2].upper()])


class Rate(float):
    """How often something may happen, written `5` or `5/s`, `600/m`, `1000/h`; per second."""

    example: ClassVar[str] = "10/s"

    @classmethod
    def read(cls, text: str) -> Rate:
        """
        ValueError where it is not one.

        >>> Rate.read("600/m"), Rate.read("5")
        (10.0, 5.0)
        """
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(?:\s*/\s*(s|m|h))?", text.strip())
        if match is None or float(match[1]) == 0:
            raise ValueError("a number of sends per time such as 5/s, 600/m or 1000/h")
        return cls(float(match[1]) / _UNITS[match[2] or "s"])


class Zone(str):
    """A time zone by its IANA name, `America/Chicago`."""

    example: ClassVar[str] = "America/Chicago"

    @classmethod
    def read(cls, text: str) -> Zone:
        """
        ValueError where there is no such zone.

        >>> Zone.read("Europe/Vienna")
        'Europe/Vienna'
        """
        if not _is_zone(text):
            raise ValueError("the name of a time zone such as America/Chicago or UTC")
        return cls(text)


@cache
def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True


#: A number of things, at least one.
Count = Annotated[int, msgspec.Meta(ge=1)]

#: A TCP port; 0 = any free one.
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]

#: Texts with holes, filled in when a message is planned; the word says how a hole is made safe.
FileName = Annotated[str, msgspec.Meta(extra={"holes": "file_name"})]
UrlPath = Annotated[str, msgspec.Meta(extra={"holes": "url_path"})]
SearchText = Annotated[str, msgspec.Meta(extra={"holes": "search"})]
HeaderText = Annotated[str, msgspec.Meta(extra={"holes": "header"})]


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A secret, by reference only: `{env: BILLING_PASSWORD}` or `{file: /run/secrets/billing}`."""

    env: str = ""
    """Name of the environment variable that holds it."""
    file: str = ""
    """Path of the file that holds it, relative to the home; surrounding white space is dropped."""

    example: ClassVar[str] = "{env: NAME}"
    hides: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if bool(self.env) == bool(self.file):
            raise ValueError("a secret is named by `env` or by `file`, by one of them")

    @classmethod
    def read(cls, text: str) -> Secret:
        """Always a ValueError: nobody writes a secret into a file that is shared and kept for ever."""
        raise ValueError(
            "a secret never stands in a file; name the environment variable or the file that holds it"
        )

    def reveal(self, home: Path) -> str:
        """The secret itself; LookupError, naming the reference, where there is none."""
        if self.env:
            if (value := os.environ.get(self.env)) is None:
                raise LookupError(f"the environment variable {self.env} is not set")
            return value
        try:
            return (home / self.file).read_text("utf-8").strip()
        except OSError as error:
            raise LookupError(
                f"cannot read the secret's file {self.file}: {error.strerror}"
            ) from None


def is_loopback(host: str) -> bool:
    """Whether the host is this machine itself; only literal addresses and `localhost` count."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_clear_text(host: str, plaintext: bool) -> None:
    """ValueError where messages would travel unencrypted to or from other machines and nobody said that they may."""
    if not plaintext and not is_loopback(host):
        raise ValueError(
            "host: without 'tls' everything travels in clear text between this machine and others; "
            "write tls: {...}, or plaintext: true if the network is trusted"
        )
