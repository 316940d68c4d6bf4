"""
What files are packed in on their way: `zip`, `gzip` and `pgp`, opened and made.

    settings  what a channel writes under `unpack:` and `pack:`
    opening   one file through its steps, into the members that become messages
    sealing   one payload through its steps, into the file that a partner gets
    zip, gzip, pgp    one step each; what is opened is not believed
    keyring   the keys, where GnuPG finds them

Nothing here writes a file: what was opened is in memory, or read again from what the partner sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO

import msgspec

#: A file's content as it goes into a step: bytes, or a file that can be gone back in.
Content = bytes | IO[bytes]
#: Bytes of one piece that is read, unpacked and handed on.
PIECE = 1024 * 1024


class Member(msgspec.Struct, frozen=True):
    """One file that was inside another."""

    name: str
    """Its own name, without the folders it was packed with."""
    size: int
    read: Callable[[], Iterator[bytes]]
    """Its bytes, a piece at a time, as often as it is called."""
