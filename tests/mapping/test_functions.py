"""Functions: time, zones, codes; and all of them: nothing but Unreadable, whatever they are given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import MessageError
from engine.mapping import functions
from engine.mapping.values import ARITHMETIC, Moment, Unreadable

#: What the code says itself: words of its own are no values, also where chance makes the same ones.
WRITTEN = "".join(
    path.read_text("utf-8") for path in Path(functions.__file__).parents[1].rglob("*.py")
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"2026" | datetime', "2026"),
        ('"202611" | datetime', "2026-11"),
        ('"20261121" | datetime', "2026-11-21"),
        ('"20261121" | datetime(least="day")', "2026-11-21"),
        ('"20261121" | datetime(least="hour", otherwise="none")', "none"),
        ('"2026-11-21" | datetime(least="hour", otherwise=nothing) ?? "none"', "none"),
        ('"2026112110" | datetime(least="hour")', "2026-11-21T10-06:00"),
        ('"2026112110" | datetime', "2026-11-21T10-06:00"),
        ('"202611211030" | datetime', "2026-11-21T10:30-06:00"),
        ('"20261121103000.1250" | datetime', "2026-11-21T10:30:00.1250-06:00"),
        ('"20261121103000+0530" | datetime', "2026-11-21T10:30:00+05:30"),
        ('"2026-11-21T10:30:00Z" | datetime', "2026-11-21T10:30:00Z"),
        ('"2026-11-21 10:30" | datetime', "2026-11-21T10:30-06:00"),
        ('"20260721103000" | datetime', "2026-07-21T10:30:00-05:00"),
        ('"20260721103000" | datetime(zone="Europe/Berlin")', "2026-07-21T10:30:00+02:00"),
        ('"21.11.2026 10:30" | datetime("%d.%m.%Y %H:%M")', "2026-11-21T10:30-06:00"),
        ('"11/21/26 1:05 PM" | datetime("%m/%d/%y %I:%M %p")', "2026-11-21T13:05-06:00"),
        ('"20261121103000" | date', "2026-11-21"),
        ('"202611" | date', "2026-11"),
        ('"20261121103000" | datetime | date', "2026-11-21"),
        ('"20261101013000" | datetime', "2026-11-01T01:30:00-05:00"),
        ('"20261101013000" | datetime(repeated="later")', "2026-11-01T01:30:00-06:00"),
        ('"18500101120000" | datetime', "1850-01-01T12:00:00-05:50"),
        ('"00010101120000" | datetime', "0001-01-01T12:00:00-05:50"),
        ('"99991231235959" | datetime', "9999-12-31T23:59:59-06:00"),
        ('"20260708120000.5" | datetime', "2026-07-08T12:00:00.5-05:00"),
        ('"2026070812+0000" | datetime', "2026-07-08T12Z"),
        ('"20261101013000-0600" | datetime', "2026-11-01T01:30:00-06:00"),
        ('"20261031220000" | datetime | add_days(1)', "2026-11-01T22:00:00-06:00"),
        ('"20261101003000" | datetime | add_minutes(120)', "2026-11-01T01:30:00-06:00"),
        ('"20260228" | date | add_days(1)', "2026-03-01"),
        ('date("20261121") | format("%y%j")', "26325"),
        ('"20261121103000" | datetime | format("%H:%M %z")', "10:30 -0600"),
    ],
)
def test_moments_keep_what_they_came_with(hl7: Any, text: str, value: str) -> None:
    assert str(hl7(text)) == value


@pytest.mark.parametrize(
    "text",
    [
        'MSH-10 | datetime', '"20260308023000" | datetime', '"20261301" | date', '"20260230" | date', '"2026112" | date',
        '"20261121106000" | datetime', '"20261121103000+9900" | datetime', '"21.11.2026" | date("%m/%d/%Y")', '"0000" | date',
        'date("2026") | format("%d")', 'date("20261121") | format("%H")', 'date("20261121") | add_minutes(5)',
        '"20260307023000" | datetime | add_days(1)', 'date("20261121") | add_days(999999999)', 'age(date("2026"))',
        '"٢٠٢٦١١٢١" | date', '"2026112110300" | datetime',
    ],
)  # fmt: skip
def test_what_is_no_moment_is_refused(hl7: Any, text: str) -> None:
    found = hl7.compile(text)
    if found is None:
        (mistake,) = hl7.mistakes.found
        assert mistake.problem.startswith("this can never work: ")
        return
    with pytest.raises(MessageError):
        hl7(text)


def test_moments_are_compared_as_far_as_both_go() -> None:
    day = Moment(datetime(2026, 11, 21), 3)  # noqa: DTZ001
    noon = Moment(datetime(2026, 11, 21, 12, tzinfo=UTC), 4)
    same = Moment(datetime(2026, 11, 21, 6, tzinfo=timezone(timedelta(hours=-6))), 4)
    later = Moment(datetime(2026, 11, 21, 12, 30, tzinfo=UTC), 5)
    assert day == noon == same == later
    assert Moment(datetime(2026, 11, 20), 3) < noon  # noqa: DTZ001
    assert not later < same
    assert Moment(datetime(2026, 11, 21, 12, 20, tzinfo=UTC), 5) < later


def test_age_at_the_moment_of_planning(hl7: Any) -> None:
    assert hl7("age(PID-7 | date)") == 46
    assert hl7('age(date("19801121"), date("20261120"))') == 45
    assert hl7('days_between(FT1-4 | datetime, date("20261201"))') == 10


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.50", "12.50"),
        (" 7 ", "7"),
        ("-0.5", "-0.5"),
        ("+3", "3"),
        ("007", "7"),
        (".5", "0.5"),
        ("5.", "5"),
    ],
)
def test_numbers_keep_their_digits(text: str, value: str) -> None:
    assert str(functions.signed()["decimal"].run(text)) == value


@pytest.mark.parametrize(
    "text", ["1e5", "NaN", "Infinity", "1,000", "1_000", "", "--1", "0x10", "٣", "1" * 40]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        functions.signed()["decimal"].run(text)


def test_a_regular_expression_takes_linear_time(hl7: Any) -> None:
    assert hl7('"' + "a" * 3000 + '!" | matches("(a|aa|a*)*b")') is False
    assert hl7('PID-3(2).1 | matches("[0-9]{3}-[0-9]{2}-[0-9]{4}")') is True
    assert hl7('PID-3(2).1 | capture("-([0-9]+)-")') == "11"


_TIMES = st.builds(
    Moment,
    st.datetimes(
        timezones=st.sampled_from([UTC, ZoneInfo("America/Chicago"), ZoneInfo("Pacific/Apia")])
    ),
    st.integers(4, 12),
) | st.builds(Moment, st.datetimes(), st.integers(1, 3))
_NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=3).map(ARITHMETIC.plus)
_ANY = st.text(max_size=20) | _NUMBERS | st.booleans() | _TIMES | st.binary(max_size=8)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(max_size=20) | st.text("0123456789.-+ :TZ", max_size=20),
    "number": _NUMBERS,
    "truth": st.booleans(),
    "moment": _TIMES,
    "bytes": st.binary(max_size=8),
    "list": st.lists(_ANY, max_size=5),
    "any": _ANY,
    "whole": st.integers(-(10**9), 10**9),
    "pattern": st.just(re2.compile("(a+)|b")),
    "zone": st.just(ZoneInfo("America/Chicago")),
    "form": st.sampled_from(["%Y%m%d", "%d %b %Y %H:%M:%S.%f %z %%", "%y-%j", "x", ""]),
    "least": st.sampled_from(["", "year", "day", "hour", "second"]),
    "codes": st.just({"F": "female"}),
    "reason": st.just("unmet"),
    "words": st.just(""),
    "now": _TIMES,
}


@pytest.mark.parametrize("name", sorted(functions.signed()))
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_function_gives_a_value_or_is_unreadable(name: str, data: st.DataObject) -> None:
    signature = functions.signed()[name]
    given_, named = [], {}
    for parameter in signature.parameters:
        if parameter.kind == "each":
            continue
        value = data.draw(_VALUES[parameter.kind])
        if parameter.named:
            named[parameter.name] = value
        else:
            given_.append(value)
    try:
        found = signature.run(*given_, **named)
    except Unreadable as why:
        said = [each for each in given_ if isinstance(each, str) and len(each) > 3]
        assert not [each for each in said if each in why.why and each not in WRITTEN]
        return
    assert found is None or isinstance(found, str | Decimal | bool | Moment | bytes | list)
    if isinstance(found, Decimal):
        assert found.is_finite()


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_so_does_each_of_them_at_length(data: st.DataObject) -> None:
    inner = test_a_function_gives_a_value_or_is_unreadable.hypothesis.inner_test  # type: ignore[attr-defined]
    for name in sorted(functions.signed()):
        inner(name=name, data=data)


def test_each_is_seen_item_by_item() -> None:
    run = {name: signature.run for name, signature in functions.signed().items()}
    items, keys = ["a", "b", "c"], [Decimal(2), None, Decimal(1)]
    assert run["sort"](items, keys) == ["c", "a", "b"]
    assert (run["min"](items, keys), run["max"](items, keys)) == ("c", "a")
    assert run["unique"](items, ["x", "y", "x"]) == ["a", "b"]
    assert run["count"](items, [True, None, True]) == 2
    assert run["last"](items, [True, True, False]) == "b"
    with pytest.raises(Unreadable):
        run["sort"]([Decimal(1), "a"])
    with pytest.raises(Unreadable):
        run["sum"](["1"])


def test_the_reference_has_every_function_with_an_example() -> None:
    rows = {name: rest for name, *rest in functions.reference()}
    promised = (
        "upper lower trim replace split join length left right pad contains starts_with ends_with matches capture "
        "digits ascii plain decimal integer round first last nth sort unique count sum min max any all date datetime "
        "format add_days add_minutes days_between minutes_between age table mask hash stable_id base64 unbase64 check_digit default if exists now"
    )
    assert set(promised.split()) <= rows.keys()
    for name, (signature, line, example) in rows.items():
        assert signature.startswith(name)
        assert line.endswith(".")
        assert example


def test_masks_show_no_more_than_they_say(hl7: Any) -> None:
    assert hl7("PID-3.1 | mask") == "*******"
    assert hl7("PID-3.1 | mask(2)") == "*******34"
    assert hl7('"ab" | mask(2)') == "*******b"
    assert len(hl7("PID-3.1 | hash")) == 64
    assert (
        hl7("stable_id(MSH-10, FT1-1)")
        == hl7("stable_id(MSH-10, FT1-1)")
        != hl7("stable_id(MSH-10)")
    )
    assert hl7("stable_id(MSH-10, PID-2)") is None
