"""The hash of a mapping, and the files that it is made of as they were read."""

from __future__ import annotations

from hashlib import blake2b


class Prints:
    """Begins with the mapping's own file; all that it uses follows while it is compiled."""

    def __init__(self, path: str, raw: bytes) -> None:
        self._hash = blake2b(raw, digest_size=16)
        self.files: dict[str, bytes] = {path: raw}
        """Contents by path below the home."""

    def update(self, content: bytes) -> None:
        """What is no file of its own."""
        self._hash.update(content)

    def file(self, path: str, content: bytes) -> None:
        """A file; nothing where it is empty."""
        self._hash.update(content)
        if content:
            self.files[path] = content

    def digest(self) -> bytes:
        """16 bytes over all of it."""
        return self._hash.digest()
