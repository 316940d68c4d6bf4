"""The simulated SFTP server, as any client sees it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from engine import simulate


def dial(partner: simulate.SftpPartner, **more: Any) -> Any:
    known = asyncssh.import_known_hosts(f"[127.0.0.1]:{partner.port} {partner.host_key}\n")
    given = {
        "username": "corridor",
        "password": "corridor",
        "known_hosts": known,
        "config": None,
        "client_keys": None,
    }
    return asyncssh.connect("127.0.0.1", partner.port, **(given | more))


async def test_files_go_in_and_out_and_what_is_renamed_counts(tmp_path: Path) -> None:
    async with simulate.sftp_partner(folder=tmp_path) as partner:
        async with dial(partner) as connection, connection.start_sftp_client() as sftp:
            async with sftp.open("/.a.part", "wb") as file:
                await file.write(b"order")
            assert partner.unique == 0
            await sftp.rename("/.a.part", "/a")
            async with sftp.open("/a", "rb") as file:
                assert await file.read() == b"order"
        assert (tmp_path / "a").read_bytes() == b"order"
        assert partner.unique == 1 and partner.received[0].body == b"order"


async def test_nobody_leaves_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    drop = tmp_path / "drop"
    drop.mkdir()
    async with (
        simulate.sftp_partner(folder=drop) as partner,
        dial(partner) as connection,
        connection.start_sftp_client() as sftp,
    ):
        assert await sftp.exists("/../secret") is False


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("stranger", asyncssh.HostKeyNotVerifiable),
        ("401", asyncssh.PermissionDenied),
        ("down", ConnectionRefusedError),
    ],
)
async def test_faults_at_the_door(tmp_path: Path, fault: str, error: type[Exception]) -> None:
    async with simulate.sftp_partner(folder=tmp_path) as partner:
        async with dial(partner):
            partner.fault = fault  # type: ignore[assignment]
        await asyncio.sleep(0.05)
        with pytest.raises(error):
            await dial(partner)
        partner.fault = "none"  # type: ignore[assignment]
        await asyncio.sleep(0.05)
        async with dial(partner):
            pass


@pytest.mark.parametrize("fault", ["full", "drops"])
async def test_faults_in_the_middle_of_a_file(tmp_path: Path, fault: str) -> None:
    async with simulate.sftp_partner(folder=tmp_path, fault=fault) as partner:
        async with dial(partner) as connection, connection.start_sftp_client() as sftp:
            with pytest.raises((asyncssh.SFTPError, OSError, asyncssh.Error)):
                async with sftp.open("/a", "wb") as file:
                    await file.write(b"x" * 100_000)
                await sftp.stat("/a")
                raise OSError
        assert partner.unique == 0


async def test_a_folder_of_its_own_goes_with_it() -> None:
    async with simulate.sftp_partner() as partner:
        assert partner.folder.is_dir()
        assert partner.stats()["host_key"].startswith("ssh-ed25519 ")
    assert not partner.folder.exists()
