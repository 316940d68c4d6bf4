"""Classes share a transaction by weight, and limits hold."""

from __future__ import annotations

import pytest

from engine.message import Inbound, Plan, Verdict
from engine.store import queues
from engine.store.intake import Accept
from engine.store.queues import Queues


def waiting(size=10):
    return Accept(
        None, 1, Inbound(raw=b"x" * size, received_at=0.0), Plan(verdict=Verdict.FILTERED), 1
    )


@pytest.fixture
def full():
    found = Queues()
    found.seconds_each = 0.000_010
    return found


def test_a_flooded_class_leaves_the_others_their_share(full):
    admin, care = [waiting() for _ in range(2000)], [waiting() for _ in range(2000)]
    for one in admin:
        full.add(one, "admin")
    for one in care:
        full.add(one, "care")
    taken = full.take()
    assert len(taken) <= queues.ITEMS
    assert sum(one in care for one in taken) / len(taken) > 0.8
    assert any(one in admin for one in taken)


def test_a_class_alone_has_all_the_room_and_keeps_its_order(full):
    mine = [waiting() for _ in range(700)]
    for one in mine:
        full.add(one, "admin")
    assert full.take() + full.take() == mine
    assert full.take() == [] and len(full) == 0


def test_room_that_one_class_leaves_is_taken_by_the_other(full):
    care = waiting()
    full.add(care, "care")
    for _ in range(2000):
        full.add(waiting(), "admin")
    taken = full.take()
    assert care in taken and len(taken) >= queues.ITEMS - 16


def test_a_batch_is_bounded_in_bytes_but_never_empty(full):
    for _ in range(10):
        full.add(waiting(queues.BYTES // 2), "supply")
    assert len(full.take()) == 2
    full.add(waiting(queues.BYTES * 2), "care")
    assert len(full.take()) >= 1


def test_a_batch_is_bounded_in_time(full):
    full.seconds_each = 0.001
    for _ in range(100):
        full.add(waiting(), "supply")
    assert len(full.take()) == 16
    full.measured(16, 0.00016)
    assert full.seconds_each < 0.001
