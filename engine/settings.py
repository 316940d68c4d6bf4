"""The installation (`config.yaml`) and the types that settings are written in."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import msgspec

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZES = {"": 1, "B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


class Duration(float):
    """A length of time, written `500ms`, `5s`, `10m`, `2h` or `400d`; in seconds."""

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


class Size(int):
    """A number of bytes, written `64KB`, `16MB` or `1GB`."""

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


#: Texts with holes, filled in when a message is planned; the word says how a hole is made safe.
FileName = Annotated[str, msgspec.Meta(extra={"holes": "file_name"})]
UrlPath = Annotated[str, msgspec.Meta(extra={"holes": "url_path"})]
HeaderText = Annotated[str, msgspec.Meta(extra={"holes": "header"})]


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A secret, by reference only: `{env: BILLING_PASSWORD}` or `{file: /run/secrets/billing}`."""

    env: str = ""
    """Name of the environment variable that holds it."""
    file: str = ""
    """Path of the file that holds it, relative to the home; surrounding white space is dropped."""

    def reveal(self, home: Path) -> str:
        """The secret itself; LookupError, naming the reference, where there is none."""
        if self.env:
            if (value := os.environ.get(self.env)) is None:
                raise LookupError(f"the environment variable {self.env} is not set")
            return value
        try:
            return (home / self.file).read_text("utf-8").strip()
        except OSError as error:
            raise LookupError(f"cannot read the secret's file {self.file}: {error.strerror}") from None
