"""`verify` finds whatever does not fit: each corruption that is planted here."""

from __future__ import annotations

import apsw
import msgspec
import pytest

from engine.effects import Expected, Join
from engine.message import LARGE, Outbound, Plan, State, Verdict
from engine.store import verify
from engine.store.home import large_folder, store_file

NOW = 1_800_000_000.0

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
    "an audit record was changed": (
        "DROP TRIGGER audit_is_fixed; UPDATE audit SET who = 'nursf' WHERE id = 2", "audit record 2 is not what was written"),
    "an audit record is gone": ("DROP TRIGGER audit_is_kept; DELETE FROM audit WHERE id = 2", "audit record 2 is gone"),
    "an audit record lost its seal": ("DROP TRIGGER audit_is_fixed; UPDATE audit SET chain = NULL WHERE id = 2", "lost its seal"),
    "a body of nothing": ("INSERT INTO content VALUES (9999, 0, 0, 0, x'')", "belongs to nothing"),
    "a counter of messages": ("UPDATE counter SET n = n + 1 WHERE scope = 0", "counted"),
    "a counter of deliveries": ("UPDATE counter SET n = n + 1 WHERE scope = 1", "counted"),
    "attempts were changed": ("UPDATE delivery SET attempt = 7 WHERE state = 3", "used 7 attempts"),
    "a member is gone": ("DELETE FROM member WHERE id = 1", "recorded 2 members of groups, there are 1"),
    "a group lost a member": ("DELETE FROM member WHERE id = 1", "group 1: 3 members joined, there are 2"),
    "a member is in two groups": (
        "INSERT INTO member SELECT 99, 2, message, content, 0, kind, NULL, 0.0, 0 FROM member WHERE id = 2",
        "recorded 2 members of groups, there are 3",
    ),
    "a member changed its group": ("UPDATE member SET grouping = 2 WHERE id = 2", "group 2: 1 members joined, there are 2"),
    "a member is in no group": ("UPDATE member SET grouping = 77 WHERE id = 2", "is in a group that is not there"),
    "a group is gone": ("DELETE FROM grouping WHERE id = 2", "is in a group that is not there"),
    "a member of no message": ("UPDATE member SET message = 77 WHERE id = 2", "came with a message that is not there"),
    "a member's content is gone": (
        "DELETE FROM content WHERE id = (SELECT content FROM member WHERE id = 2)", "member 2: its content is gone"),
    "a member was replaced by nothing": ("UPDATE member SET replaced = 77 WHERE id = 2", "was replaced by what is not"),
    "a group counts too many": ("UPDATE grouping SET standing = 9 WHERE id = 1", "9 members stand, there are 2"),
    "a collected message in no group": ("UPDATE message SET verdict = 5 WHERE id = 3", "is collected and in no group"),
    "a group was released by nothing": ("UPDATE grouping SET message = 77 WHERE id = 1", "which is not there or says otherwise"),
    "a group is open again": ("UPDATE grouping SET message = 0 WHERE id = 1", "released by another or by none"),
    "a message released nothing": ("UPDATE message SET grouping = 0 WHERE grouping = 1", "which is not there or says otherwise"),
    "two open groups of one key": (
        "INSERT INTO grouping SELECT 99, channel, destination, key, flags, 0.0, 0, 0, 0, 0, 0, 0, 0, 0 FROM grouping WHERE id = 2",
        "group 2 takes members beside a later group",
    ),
    "an empty group": (
        "INSERT INTO grouping SELECT 99, channel, 0, 'x', 0, 0.0, 0, 0, 0, 0, 0, 0, 0, 0 FROM grouping WHERE id = 2",
        "group 99 has no members",
    ),
    "a group of no channel": ("UPDATE grouping SET channel = 77 WHERE id = 2", "its channel or destination is unknown"),
    "an expectation of nothing": ("UPDATE expectation SET carrier = 77, message = 77", "has no delivery"),
    "an expectation runs out early": ("UPDATE expectation SET due_at = 1.0", "not counted from its delivery"),
    "a confirmation by nothing": ("UPDATE expectation SET confirmed = 77", "which cannot"),
    "a duplicate of nothing": ("UPDATE message SET original = 77 WHERE verdict = 2", "as its original, which is none"),
}  # fmt: skip


async def groups(bench):
    """A released group of two messages with one member replaced, an open one, and something expected."""
    one, two, three = (
        Join(key="A", member=member, source="s", quiet=1.0) for member in (b"1", b"2", b"3")
    )
    await bench.accept(collected(one, msgspec.structs.replace(two, source="t")))
    await bench.accept(collected(three))
    (group,) = bench.store.due(NOW + 1)
    await bench.accept(bench.plan(to=()), group=group.id, version=group.version)
    await bench.accept(collected(one))
    expected = Expected(destination="d", channel="r", name="po", value="1", within=9.0)
    receipt = await bench.accept(bench.plan(expects=(expected,)))
    await bench.step(receipt.deliveries[0], State.DELIVERED, attempt=1)


def collected(*joins):
    return Plan(verdict=Verdict.COLLECTED, joins=joins)


@pytest.fixture
async def filled(bench):
    """Something of everything, closed."""
    delivered, _, refused = await bench.queue(3)
    await bench.accept(bench.plan(key="k", keys=(("mrn", "1"),), to=()))
    await bench.accept(bench.plan(key="k", keys=(("mrn", "1"),), to=()))
    await bench.step(delivered, State.DELIVERED, attempt=1)
    await bench.step(refused, State.REFUSED, attempt=1, reply=b"no")
    await groups(bench)
    spooled = await bench.store.spool([b"x" * (LARGE + 1)])
    out = (Outbound(destination="d", payload=spooled),)
    await bench.accept(Plan(verdict=Verdict.ACCEPTED, outbound=out))
    for number in (1, 2, 3):
        await bench.store.audit("nurse", "read_content", f"message {number}", "why", NOW)
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
