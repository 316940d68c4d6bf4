"""`verify` finds each broken row of what acknowledgements, last files and releases keep."""

from __future__ import annotations

import shutil

import apsw

from engine.store import verify
from engine.store.home import store_file
from tests.planning.conftest import Line
from tests.planning.test_acknowledged import SPLIT, came
from tests.planning.test_sealed import answer, order

_SAID = "WHERE id = (SELECT min(id) FROM expectation WHERE outcome > 0)"
_UNSAID = "WHERE id = (SELECT min(id) FROM expectation WHERE confirmed = 0 AND within > 0)"
BREAKS = {
    f"UPDATE expectation SET outcome = 1 {_UNSAID}": "do not belong together",
    f"UPDATE expectation SET outcome = 0 {_SAID}": "do not belong together",
    f"UPDATE expectation SET outcome = 9 {_SAID}": "do not belong together",
    f"UPDATE expectation SET refused = 5 {_SAID}": "do not belong together",
    f"UPDATE expectation SET confirmed = 0 {_SAID}": "do not belong together",
    f"UPDATE expectation SET confirmed = 999 {_SAID}": "which cannot",
    f"UPDATE expectation SET confirmed = 1 {_SAID}": "another confirmed it",
    f"UPDATE expectation SET channel = 99 {_UNSAID}": "waits for a channel that is not there",
    f"UPDATE expectation SET payload = 7 {_SAID}": "has no delivery",
    f"UPDATE expectation SET destination = 77 {_SAID}": "has no delivery",
    f"UPDATE expectation SET due_at = due_at + 9 {_UNSAID}": "not counted from its delivery",
    "UPDATE message SET flags = flags & ~8": "is split and has deliveries",
    "UPDATE message SET original = 0": "as its original, which is none",
    "INSERT INTO last_file VALUES (1, 'k', x'', 999)": "which is gone",
    "INSERT INTO last_file VALUES (99, 'k', x'', 1)": "belongs to channel 99",
    "INSERT INTO loading VALUES (999, 1, x'', x'', x'', 2, 0, 0, 0, 0, 0, '{}', 0, 0.0, 1.0, 0, x'')": "not there",
    "INSERT INTO text VALUES (x'00', x'00')": "is damaged",
    "INSERT INTO release VALUES (9, 1, 'x', 1.0, '', '{\"a\": \"00\"}')": "lacks 1 of its texts",
    "INSERT INTO release VALUES (9, 88, 'x', 1.0, '', '{}')": "a channel that is not there",
    "INSERT INTO release VALUES (9, 1, 'x', 1.0, '', 'none')": "its list of files is damaged",
}


async def test_each_broken_row_is_found(line: Line) -> None:
    for number in (1, 2):
        await line.deliver(await line.receive("medline_orders", order(number)))
    await line.receive("medline_in", answer(41, "AK2*850*0001~AK5*A~", "A*1*1*1"))
    line.write("channels/medline_in.yaml", SPLIT)
    for text in (came("1", "FOREIGN"), came("1", "FOREIGN"), came("9")):
        await line.receive("medline_in", text)
    assert await line.verified() == []
    for sql, words in BREAKS.items():
        home = line.home / "broken"
        shutil.copytree(line.home / "data", home / "data")
        connection = apsw.Connection(str(store_file(home)))
        connection.execute(sql)
        assert connection.changes(), sql
        connection.close()
        assert any(words in found for found in verify.findings(home)), sql
        shutil.rmtree(home)
