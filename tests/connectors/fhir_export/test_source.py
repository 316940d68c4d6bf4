"""Bulk exports over real sockets, from the simulated FHIR server, over restarts, cuts and losses."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from engine import simulate
from engine.connectors import Site
from engine.connectors.fhir_export import Source, SourceSettings
from engine.connectors.fhir_export.job import File, Jobs
from engine.errors import Misconfigured
from engine.http.assertion import public_set
from engine.http.auth import ClientAuth
from engine.http.smart import Smart
from engine.message import Inbound, Receipt, Reply, Spooled, Verdict
from engine.settings import Duration, Secret, Size
from engine.simulate import FhirPartner


class Memory:
    """What a source remembers."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def get(self, name: str) -> bytes | None:
        return self.kept.get(name)

    async def put(self, name: str, value: bytes | None) -> None:
        self.kept[name] = value or b""

    def mark(self, name: str, value: bytes) -> tuple[str, str, bytes]:
        return "test", name, value


class Channel:
    """Takes messages and their marks in one; `keeps` says whether it does."""

    def __init__(self, memory: Memory) -> None:
        self.memory, self.taken = memory, list[Inbound]()
        self.keeps = True
        self.changed = asyncio.Event()

    async def __call__(self, inbound: Inbound) -> Reply:
        if not self.keeps:
            return Reply(receipt=None)
        assert inbound.mark is not None
        self.memory.kept[inbound.mark[1]] = inbound.mark[2]
        self.taken.append(inbound)
        self.changed.set()
        return Reply(receipt=Receipt(id=len(self.taken), verdict=Verdict.ACCEPTED))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for one in self.taken for line in body(one).splitlines()]


def body(inbound: Inbound) -> bytes:
    raw = inbound.raw
    return Path(raw.path).read_bytes() if isinstance(raw, Spooled) else raw


@pytest.fixture
async def partner() -> AsyncIterator[FhirPartner]:
    async with simulate.fhir_partner(retry_after=0) as running:
        for at in range(25):
            running.resources.create({"resourceType": "Patient", "id": f"p{at}"}, id=f"p{at}")
        running.resources.create({"resourceType": "Observation", "status": "final"})
        running.exports.per_file = 10
        yield running


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def channel(memory: Memory) -> Channel:
    return Channel(memory)


@pytest.fixture
def run(
    partner: FhirPartner, site: Callable[..., Site], memory: Memory, channel: Channel, tmp_path: Path
) -> Any:  # fmt: skip
    async def spool(chunks: Any) -> Spooled:
        path = tmp_path / f"spooled{len(channel.taken)}"
        size = path.write_bytes(b"".join(chunks))
        return Spooled(path=str(path), size=size, digest=b"d" * 16)

    @contextlib.asynccontextmanager
    async def running(**settings: Any) -> AsyncIterator[asyncio.Task[None]]:
        every: dict[str, Any] = {"url": partner.ways()["url"], "poll": Duration(0.02)}
        source = Source(
            SourceSettings(**(every | settings)), site(remember=memory, spool=spool)
        )
        task = asyncio.create_task(source.run(channel))
        try:
            yield task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Misconfigured):
                await task

    return running


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not done():
            await asyncio.sleep(0.01)


def state(memory: Memory) -> dict[str, Any]:
    return dict(msgspec.json.decode(memory.kept.get("state", b"{}")))


def ended(memory: Memory, partner: FhirPartner) -> Callable[[], bool]:
    return lambda: bool(state(memory).get("since")) and not partner.exports.jobs


async def test_an_export_becomes_messages_and_the_next_asks_for_what_is_new(
    partner: FhirPartner, run: Any, memory: Memory, channel: Channel, notices: Any
) -> None:
    async with run(types=("Patient", "Observation"), filters=("Observation?code=a,b",)):
        await until(ended(memory, partner))
    assert partner.exports.asked[0] == {
        "_outputFormat": "application/fhir+ndjson",
        "_type": "Patient,Observation",
        "_typeFilter": "Observation?code=a%2Cb",
    }
    names = [(one.facts["file_name"], one.facts["folder"]) for one in channel.taken]
    assert names == [
        (f"{kind}.{at}.ndjson", "output")
        for at, kind in enumerate(["Observation", *["Patient"] * 3], 1)
    ]
    assert len(channel.lines()) == 26
    assert notices.events() == ["export_began", "export_done"]
    since = state(memory)["since"]
    partner.resources.create({"resourceType": "Patient", "id": "new"}, id="new")
    partner.resources.delete("Patient/p3")
    memory.kept["state"] = msgspec.json.encode({"since": since, "began_at": 1.0})
    async with run(take=("output", "deleted")):
        await until(lambda: len(channel.taken) == 6)
    assert partner.exports.asked[1]["_since"] == since
    assert [one.facts["folder"] for one in channel.taken[4:]] == ["output", "deleted"]
    assert [one["resourceType"] for one in channel.lines()[26:]] == ["Patient", "Bundle"]


async def test_it_does_not_begin_before_its_time(
    partner: FhirPartner, run: Any, memory: Memory
) -> None:
    async with run(every=Duration(3600)):
        await until(ended(memory, partner))
    async with run(every=Duration(3600)):
        await asyncio.sleep(0.1)
    assert len(partner.exports.asked) == 1


async def test_a_restart_goes_on_with_what_is_under_way(
    partner: FhirPartner, run: Any, memory: Memory, channel: Channel
) -> None:
    partner.exports.polls = 1_000_000
    async with run():
        await until(lambda: bool(state(memory).get("job")))
    (job,) = partner.exports.jobs.values()
    job.polls = 0
    channel.keeps = False
    async with run():
        await until(lambda: any("_files" in asked for asked in partner.asked))
    channel.keeps = True
    async with run():  # from here on: stopped again after every file
        await until(lambda: len(channel.taken) >= 1)
    for _ in range(5):
        async with run():
            await asyncio.sleep(0.05)
    await until(ended(memory, partner))
    assert len(partner.exports.asked) == 1
    names = [one.facts["file_name"] for one in channel.taken]
    assert len(names) == len(set(names)) == 4 and len(channel.lines()) == 26


async def test_a_download_that_breaks_off_is_repeated_and_nothing_doubles(
    partner: FhirPartner, run: Any, memory: Memory, channel: Channel, notices: Any
) -> None:
    partner.cut_files = 3
    async with run():
        await until(ended(memory, partner))
    ids = [one["id"] for one in channel.lines()]
    assert len(ids) == len(set(ids)) == 26
    assert notices.events().count("export_waits") == 3


async def test_a_file_that_lacks_resources_is_taken_only_after_it_was_asked_for_again(
    partner: FhirPartner, run: Any, memory: Memory, channel: Channel, notices: Any, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    whole = partner.exports._file

    def lying(job: Any, among: list[dict[str, Any]], *rest: Any) -> None:
        whole(job, among, *rest)
        among[-1]["count"] += 1

    monkeypatch.setattr(partner.exports, "_file", lying)
    async with run(types=("Observation",)):
        await until(ended(memory, partner))
    assert len(channel.lines()) == 1, "the server may count wrongly"
    assert notices.events().count("export_waits") == 2
    assert notices.events().count("export_count_differs") == 1


async def test_large_files_go_through_the_spool(
    partner: FhirPartner, run: Any, memory: Memory, channel: Channel
) -> None:
    for at in range(25):
        partner.resources.kept[f"Patient/p{at}"]["text"] = {"div": "x" * 40_000}
    async with run(types=("Patient",)):
        await until(ended(memory, partner))
    assert all(isinstance(one.raw, Spooled) for one in channel.taken[:2])
    assert len(channel.lines()) == 25


async def test_a_file_that_is_too_long_stops_the_source(run: Any, channel: Channel) -> None:
    async with run(max_size=Size(300)) as task:
        with pytest.raises(Misconfigured, match="max_size"):
            await asyncio.wait_for(task, 5)
    assert len(channel.taken) == 1, "the short one came before"


async def test_an_export_that_the_server_lost_is_begun_anew_once(
    partner: FhirPartner, run: Any, memory: Memory, channel: Channel, notices: Any
) -> None:
    partner.exports.polls = 1_000_000
    async with run():
        await until(lambda: bool(partner.exports.jobs))
        partner.exports.jobs.clear()
        await until(lambda: bool(partner.exports.jobs))
        partner.exports.jobs.clear()
        await asyncio.sleep(0.2)
    assert len(partner.exports.asked) == 2 and channel.taken == []
    assert notices.events().count("export_failed") == 2


async def test_addresses_that_are_no_longer_good_are_asked_for_again(
    partner: FhirPartner, run: Any, memory: Memory, channel: Channel, monkeypatch: Any
) -> None:
    respond, gone = partner.respond, {"/fhir/_files/1/Patient.2.ndjson"}

    def expiring(method: str, request: Any) -> bytes | None:
        if request.path in gone:
            gone.clear()
            return simulate.http.response(403, {})
        return respond(method, request)

    monkeypatch.setattr(partner, "respond", expiring)
    async with run():
        await until(ended(memory, partner))
    assert len(channel.lines()) == 26


async def test_faults_of_the_server_pass(
    partner: FhirPartner, run: Any, memory: Memory, channel: Channel
) -> None:
    partner.fault = "500"
    async with run():
        for fault in ("500", "drops", "down", "none"):
            partner.fault = fault
            await asyncio.sleep(0.06)
        await until(lambda: bool(state(memory).get("since")))
    assert len(channel.lines()) == 26


async def test_what_the_server_refuses_is_said_without_its_words(
    partner: FhirPartner, run: Any
) -> None:
    partner.fault = "422"
    async with run() as task:
        with pytest.raises(Misconfigured, match=r"not begun.*: value") as raised:
            await asyncio.wait_for(task, 5)
    assert "Doe" not in str(raised.value)


async def test_what_is_not_taken_of_an_export_is_said(
    partner: FhirPartner, run: Any, memory: Memory, channel: Channel, notices: Any
) -> None:
    partner.exports.polls = 2
    async with run(patience=Duration(60)):
        await until(lambda: bool(partner.exports.jobs))
        partner.exports.warn(partner.exports.jobs["1"], partner.ways()["url"])
        await until(ended(memory, partner))
    assert ("warning", "export_files_left", {"kind": "error", "files": 1}) in notices
    assert len(channel.lines()) == 26


async def test_patience_has_an_end(
    partner: FhirPartner, run: Any, memory: Memory, notices: Any
) -> None:
    partner.exports.polls = 1_000_000
    async with run(patience=Duration(0.1)):
        await until(lambda: "export_failed" in notices.events() and not partner.exports.jobs)
    assert state(memory).get("since") is None


async def test_with_a_token_where_the_server_wants_one(
    partner: FhirPartner, run: Any, memory: Memory, channel: Channel, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    (tmp_path / "ours.pem").write_text(text, "utf-8")
    partner.tokens.clients["corridor"] = json.loads(public_set(text))
    smart = Smart(client_id="corridor", key=Secret(file="ours.pem"))
    async with run(auth=ClientAuth(smart=smart)):
        await until(ended(memory, partner))
    assert partner.tokens.asked == 1 and len(channel.lines()) == 26


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"level": "group"}, "group"),
        ({"group": "7"}, "group"),
        ({"types": ("Patients",)}, "Patients"),
        ({"filters": ("category=laboratory",)}, "filters"),
        ({"since": "yesterday"}, "since"),
        ({"take": ()}, "take"),
        ({"url": "http://ehr.example/fhir"}, "clear text"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_mistakes(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        SourceSettings(**{"url": "https://ehr.example/fhir", **settings})


async def test_addresses_in_clear_text_are_not_asked_where_the_server_is_not(
    tmp_path: Path,
) -> None:
    jobs = Jobs(SourceSettings(url="https://ehr.example/fhir"), tmp_path, lambda: 0.0)
    for url in (
        "http://127.0.0.1:1/job",
        "http://elsewhere.example/job",
        "ftp://x/job",
        "/job",
    ):
        with pytest.raises(Misconfigured, match="address"):
            await jobs.look(url)
        with pytest.raises(Misconfigured, match="address"):
            await jobs.download(File(url=url), True, lambda _: None)
        assert await jobs.end(url) is False


async def test_a_file_may_take_longer_than_the_time_for_one_piece(tmp_path: Path) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for _ in range(4):
            await asyncio.sleep(0.06)
            writer.write(b"{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    settings = SourceSettings(url=url, timeout=Duration(0.15))
    jobs, pieces = Jobs(settings, tmp_path, lambda: 0.0), list[bytes]()
    await jobs.download(File(url=url + "file"), False, pieces.append)
    assert b"".join(pieces) == b"{}{}{}{}"
    await jobs.close()
    server.close()
