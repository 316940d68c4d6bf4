"""Files that a simulated partner leaves by the clock, and what lies in its box."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from pathlib import Path

import pytest

from engine import simulate
from engine.errors import CommandError
from engine.simulate.drops import keep_dropping


async def test_files_are_left_whole_and_listed(tmp_path: Path) -> None:
    sample = tmp_path / "invoice.810"
    sample.write_bytes(b"ISA*{number}~")
    wanted = simulate.wanted(["box=sftp:0", "erp=http:0"])
    drop = simulate.drop_of(f"box/out={sample},50ms")
    standing = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(
        simulate.run(
            wanted, control=0, drops=[drop], ready=lambda *said: standing.set_result(said)
        )
    )
    partners, control = await standing
    folder = Path(partners["box"].ways()["folder"])
    async with asyncio.timeout(5):
        while len(list(folder.glob("out/*"))) < 3:
            await asyncio.sleep(0.01)
    assert (folder / "out/invoice_0002.810").read_bytes() == b"ISA*000000002~"

    def asked() -> dict[str, list[str]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{control}/_files") as reply:
            found: dict[str, list[str]] = json.load(reply)
            return found

    found = await asyncio.to_thread(asked)
    assert found["box"][0] == "out/invoice_0001.810  14 bytes" and "erp" not in found
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_cannot_be_dropped(tmp_path: Path) -> None:
    for text in ("box", "box=a", "box=a,soon", "box/../x=a,5s", "=a,5s"):
        with pytest.raises(CommandError, match="is no drop"):
            simulate.drop_of(text)
    with pytest.raises(CommandError, match="over SFTP"):
        drop = simulate.drop_of("erp=a,5s")
        await simulate.run(simulate.wanted(["erp=http:0"]), control=0, drops=[drop])
    async with simulate.sftp_partner(folder=tmp_path) as partner:
        with pytest.raises(OSError):
            await keep_dropping(partner, simulate.drop_of("box=missing,5s"))
