"""`verify` finds whatever does not fit: each corruption that is planted here."""

from __future__ import annotations

import apsw
import pytest

from engine.message import LARGE, Outbound, Plan, State, Verdict
from engine.store import verify
from engine.store.home import large_folder, store_file

#: What is planted, and a word of the finding.
CORRUPTIONS = {
    "a delivery is gone": ("DELETE FROM delivery WHERE id = 1 * 65536 + 1", "recorded 1 deliveries, there are 0"),
    "a message is gone": ("DELETE FROM message WHERE id = 2", "has no message"),
    "a verdict was changed": ("UPDATE message SET verdict = 1 WHERE id = 1", "is filtered and has deliveries"),
    "a state was changed": ("UPDATE delivery SET state = 4 WHERE id = 2 * 65536 + 1", "its events end in queued"),
    "an event is gone": ("DROP TRIGGER event_is_kept; DELETE FROM event WHERE kind = 3", "its events end in"),
    "an event was invented": (
        "INSERT INTO event VALUES (9999, 65537, 0, 1, NULL, 1, '', '', 0, 0, NULL, NULL, '')",
        "went from delivered to sending",
    ),
    "an event of nothing": (
        "INSERT INTO event VALUES (9999, 655370000001, 0, 1, NULL, 0, '', '', 0, 0, NULL, NULL, '')",
        "has events but is not there",
    ),
    "a place in a lane is gone": ("DELETE FROM queue", "its place in a lane does not say so"),
    "a lane has a ghost": ("INSERT INTO queue VALUES (1, 5, 655370000001)", "which is not there"),
    "a delivered one stands in a lane": ("INSERT INTO queue VALUES (1, 0, 65537)", "place in a lane"),
    "a key is gone": ("DELETE FROM seen", "have a key, 0 keys are kept"),
    "a key names another message": ("UPDATE seen SET message = 3", "as its original"),
    "a search key is gone": ("DELETE FROM search", "cannot be searched for"),
    "a search key too many": ("INSERT INTO search VALUES ('x', 1, 3)", "which does not have it"),
    "a body was changed": ("UPDATE content SET bytes = x'00' WHERE id = 1", "is not what was written"),
    "a body is gone": ("DELETE FROM content WHERE id = 1", "its content is gone"),
    "a body of nothing": ("INSERT INTO content VALUES (9999, 0, 0, 0, x'')", "belongs to nothing"),
    "a counter of messages": ("UPDATE counter SET n = n + 1 WHERE scope = 0", "counted"),
    "a counter of deliveries": ("UPDATE counter SET n = n + 1 WHERE scope = 1", "counted"),
    "attempts were changed": ("UPDATE delivery SET attempt = 7 WHERE state = 3", "used 7 attempts"),
    "a duplicate of nothing": ("UPDATE message SET original = 77 WHERE verdict = 2", "as its original, which is none"),
}  # fmt: skip


@pytest.fixture
async def filled(bench):
    """Something of everything, closed."""
    delivered, _, refused = await bench.queue(3)
    await bench.accept(bench.plan(key="k", keys=(("mrn", "1"),), to=()))
    await bench.accept(bench.plan(key="k", keys=(("mrn", "1"),), to=()))
    await bench.step(delivered, State.DELIVERED, attempt=1)
    await bench.step(refused, State.REFUSED, attempt=1, reply=b"no")
    spooled = await bench.store.spool([b"x" * (LARGE + 1)])
    out = (Outbound(destination="d", payload=spooled),)
    await bench.accept(Plan(verdict=Verdict.ACCEPTED, outbound=out))
    await bench.close()
    assert list(verify.findings(bench.home)) == []
    return bench.home


@pytest.mark.parametrize("name", CORRUPTIONS)
async def test_a_corruption_is_found(filled, name):
    sql, wanted = CORRUPTIONS[name]
    connection = apsw.Connection(str(store_file(filled)))
    connection.execute(sql).fetchall()
    connection.close()
    found = list(verify.findings(filled))
    assert any(wanted in finding for finding in found), found


async def test_a_large_body_that_is_gone_or_changed_is_found(filled):
    (path,) = large_folder(filled).iterdir()
    path.write_bytes(b"y")
    assert any("its file is not what was written" in one for one in verify.findings(filled))
    path.unlink()
    assert any("its file cannot be read" in one for one in verify.findings(filled))


async def test_a_damaged_page_is_found(filled):
    path = store_file(filled)
    content = bytearray(path.read_bytes())
    content[3 * 4096 : 9 * 4096] = b"\xff" * (6 * 4096)
    path.write_bytes(content)
    assert list(verify.findings(filled))


async def test_no_finding_carries_a_value(filled):
    connection = apsw.Connection(str(store_file(filled)))
    connection.execute(
        "DELETE FROM search; UPDATE seen SET message = 3, key = 'canary'"
    ).fetchall()
    connection.close()
    assert "canary" not in " ".join(verify.findings(filled))
