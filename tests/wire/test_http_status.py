"""The status table, whole."""

from __future__ import annotations

import pytest

from engine.errors import Misconfigured, Refused, Unavailable, Uncertain
from engine.wire.http_status import LONGEST, TABLE, judge, wait

EXACT = {401: Misconfigured, 403: Misconfigured, 404: Misconfigured, 405: Misconfigured, 407: Misconfigured,
         408: Unavailable, 425: Unavailable, 429: Unavailable, 501: Misconfigured, 503: Unavailable,
         505: Misconfigured}  # fmt: skip
CLASSES = {2: None, 3: Misconfigured, 4: Refused, 5: Uncertain}


def test_every_status_has_its_meaning() -> None:
    for status in range(200, 600):
        expected = EXACT.get(status, CLASSES[status // 100])
        found = judge(status)
        assert (found is None) if expected is None else type(found) is expected, status
        assert found is None or (found.status == str(status) and found.detail), status


@pytest.mark.parametrize("status", [0, 99, 600, 999])
def test_a_status_that_is_none_is_uncertain(status: int) -> None:
    assert isinstance(judge(status), Uncertain)


def test_every_row_says_why() -> None:
    assert all(means for _, means in TABLE.values())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0.0), (" 12 ", 12.0), ("99999999999", LONGEST), ("-5", None), ("", None), ("soon", None),
     ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST), ("Thu, 01 Jan 1970 00:00:30 GMT", 0.0),
     ("Thu, 01-Jan-70 00:02:00 GMT", 60.0), ("Thu, 99 Jan 1970 00:00:00 GMT", None)],
)  # fmt: skip
def test_retry_after(text: str, seconds: float | None) -> None:
    assert wait(text, now=60.0) == seconds
