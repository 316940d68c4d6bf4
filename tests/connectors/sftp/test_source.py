"""What a server says of its files is not believed; the promises of picking up are in tests/folders."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from functools import partial
from typing import Any

import paramiko
import pytest

from engine.connectors import Site
from engine.connectors.sftp import Source, SourceSettings
from engine.connectors.sftp.download import download
from engine.connectors.sftp.listing import look
from engine.connectors.sftp.pool import Pool
from engine.errors import Misconfigured, Unavailable

# -- whom one speaks to -------------------------------------------------------------------------------


async def test_a_missing_folder_and_a_server_that_is_not_there(
    server: Any, site: Site, line: Any
) -> None:
    def source(**changes: Any) -> Source:
        return Source(SourceSettings(**server.access(**changes)), site)

    with pytest.raises(
        Misconfigured, match=r"does not exist on the server .folder: .*/missing"
    ):
        await source(folder=f"{server.root}/missing").run(line)
    with pytest.raises(Unavailable, match="refused"):
        await source(port=1).run(line)


# -- what a server says is not believed -----------------------------------------------------------------


async def test_a_file_that_changed_since_it_was_seen_is_not_taken(
    server: Any, site: Site
) -> None:
    path = server.drop / "a.csv"
    path.write_bytes(b"x" * 1000)
    pool = Pool(SourceSettings(**server.access()), site.home)
    try:
        (seen,) = (
            await pool.run(partial(look, folder=server.root, deep=False, passed_over=set()))
        ).files
        read = partial(download, folder=server.root, seen=seen, home=site.home)
        assert await pool.run(read) is not None
        path.write_bytes(b"y" * 1001)
        assert await pool.run(read) is None
        path.write_bytes(b"z" * 1000)
        os.utime(path, (5, 5))
        assert await pool.run(read) is None
    finally:
        await pool.close()


def test_names_that_lead_out_of_the_folder_are_passed_over() -> None:
    class Hostile:
        def listdir_attr(self, _: str) -> list[paramiko.SFTPAttributes]:
            found = []
            for name in ("../../etc/passwd", "..", ".", "a/b", "", "sound"):
                one = paramiko.SFTPAttributes()
                one.filename, one.st_mode, one.st_size = name, stat.S_IFREG | 0o600, 1
                found.append(one)
            return found

        @contextlib.contextmanager
        def asking(self) -> Iterator[Any]:
            yield self

    session: Any = Hostile()
    assert look(session, "in", True, set()).names == {"sound"}
