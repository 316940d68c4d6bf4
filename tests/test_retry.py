"""When to try again, and what a failure means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DeliveryError, Misconfigured, Refused, Unavailable, Uncertain
from engine.message import TRANSITIONS, State
from engine.retry import Decision, Policy, Retry, settle
from engine.settings import Duration

FAILURES = [Unavailable("503"), Misconfigured("401"), Uncertain("time-out"), Refused("422")]


def decide(failure, attempt=0, waits=0, age=0.0, policy=Policy(), random=0.5) -> Decision:
    return settle(failure, attempt=attempt, waits=waits, age=age, policy=policy, random=random)


def test_unavailable_uses_up_no_attempt_however_often():
    for attempt in range(50):
        decision = decide(Unavailable("refused"), attempt=attempt, waits=attempt)
        assert (decision.state, decision.attempt) == (State.QUEUED, attempt)


def test_waits_double_up_to_the_longest():
    policy = Policy(retry=Retry(first_wait=Duration(5), longest_wait=Duration(60), jitter=0))
    waits = [decide(Unavailable("x"), waits=n, policy=policy).wait for n in range(6)]
    assert waits == [5, 10, 20, 40, 60, 60]


def test_the_partner_says_how_long_to_wait():
    assert decide(Unavailable("429", retry_after=17.0)).wait == 17.0


def test_a_partner_that_would_be_asked_at_once_is_not_hammered():
    assert decide(Unavailable("429", retry_after=0.0)).wait == 1.0


def test_unavailable_ends_only_by_give_up_after():
    policy = Policy(retry=Retry(give_up_after=Duration(3600)))
    assert decide(Unavailable("x"), age=3599, policy=policy).state is State.QUEUED
    assert decide(Unavailable("x"), age=3600, policy=policy).state is State.REFUSED
    assert decide(Unavailable("x"), age=1e9).state is State.QUEUED


def test_misconfigured_pauses_the_destination_and_keeps_the_head_queued():
    decision = decide(Misconfigured("401"))
    assert decision.pause and decision.state is State.QUEUED and decision.attempt == 0


def test_uncertain_is_resent_until_its_attempts_are_used_up():
    policy = Policy(retry=Retry(attempts=3))
    states = [decide(Uncertain("x"), attempt=n, policy=policy).state for n in range(4)]
    assert states == [State.QUEUED, State.QUEUED, State.UNCERTAIN, State.UNCERTAIN]


def test_uncertain_on_hold_is_never_resent():
    assert decide(Uncertain("x"), policy=Policy(on_uncertain="hold")).state is State.UNCERTAIN


def test_refused_is_parked_at_once():
    assert decide(Refused("422")).state is State.REFUSED


@given(
    st.sampled_from(FAILURES),
    st.integers(0, 1000),
    st.integers(0, 10_000),
    st.floats(0, 1e9),
    st.floats(0, 0.999),
)
def test_every_decision_is_a_legal_step_with_a_bounded_wait(
    failure, attempt, waits, age, random
):
    decision = decide(failure, attempt, waits, age, random=random)
    assert decision.state in TRANSITIONS[State.SENDING]
    assert 0 <= decision.wait <= Policy().retry.longest_wait * (1 + Policy().retry.jitter)
    assert decision.attempt in (attempt, attempt + 1)


def test_an_unknown_failure_is_not_guessed_at():
    with pytest.raises(TypeError):
        decide(DeliveryError("x"))
