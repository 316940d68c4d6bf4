"""Several partners, and switching their faults while they run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from engine import simulate
from engine.errors import CommandError
from engine.simulate import Fault, Partner


@pytest.fixture
async def running() -> AsyncIterator[tuple[dict[str, Partner], str]]:
    started: asyncio.Future[tuple[dict[str, Partner], int]] = (
        asyncio.get_running_loop().create_future()
    )
    orders = simulate.wanted(["billing=http:0", "erp=http:0", "downstream=mllp:0"], ["erp=503"])
    task = asyncio.create_task(
        simulate.run(
            orders, control=0, ready=lambda partners, port: started.set_result((partners, port))
        )
    )
    partners, port = await asyncio.wait_for(started, 2)
    yield partners, f"http://127.0.0.1:{port}"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_faults_are_switched_while_partners_run(running):
    partners, control = running
    async with aiohttp.ClientSession() as session:
        assert partners["erp"].fault is Fault.BUSY
        async with session.post(f"{control}/_fault?name=erp&fault=down") as reply:
            assert reply.status == 200 and (await reply.json())["fault"] == "down"
        async with session.get(f"{control}/_stats") as reply:
            stats = await reply.json()
    assert {name: one["fault"] for name, one in stats.items()} == {
        "billing": "none",
        "erp": "down",
        "downstream": "none",
    }
    assert stats["downstream"]["kind"] == "mllp"


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("POST", "/_fault?name=nobody&fault=down", 404, "billing, erp, downstream"),
        ("POST", "/_fault?name=erp&fault=tired", 400, "down"),
        ("POST", "/_fault", 404, "billing"),
        ("GET", "/", 404, "/_stats"),
    ],
)
async def test_a_wrong_order_says_what_there_is(
    running, method: str, path: str, status: int, says: str
):
    _, control = running
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, control + path) as reply,
    ):
        assert reply.status == status
        assert says in (await reply.json())["error"]


async def test_a_port_that_is_taken_is_named():
    async with simulate.http_partner() as partner:
        with pytest.raises(CommandError, match=f"erp cannot listen on {partner.port}"):
            await simulate.run(simulate.wanted([f"erp=http:{partner.port}"]), control=0)


@pytest.mark.parametrize(
    ("partners", "faults", "says"),
    [
        (["billing"], [], "write for example billing=http:9301"),
        (["billing=ftp:1"], [], "is no partner"),
        (["billing=http:x"], [], "is no partner"),
        (["billing=http:99999"], [], "is no partner"),
        (["billing=http:1"], ["billing=tired"], "there is no fault 'tired'"),
        (["billing=http:1"], ["erp=503"], "there is no partner 'erp'"),
        (["a=http:1", "a=mllp:2"], [], "the same name"),
    ],
)
def test_a_wrong_command_says_what_to_write(partners, faults, says):
    with pytest.raises(CommandError, match=says):
        simulate.wanted(partners, faults)
