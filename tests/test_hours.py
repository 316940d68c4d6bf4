"""Hours by the wall clock: written, asked, and right on the days on which the clock changes."""

import math
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.convert import WRONG, Converter
from engine.hours import DAYS, Clock, Hours, is_open, next_close, next_open, open_seconds
from engine.placed import Mistakes, read

ZONES = ("UTC", "Europe/Vienna", "America/Chicago", "Australia/Lord_Howe", "Asia/Kathmandu")


def at(text: str, zone: str = "UTC", fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def hours(text: str, zone: str = "UTC") -> Hours:
    return msgspec.structs.replace(Hours.read(text), zone=zone)


OFFICE = "mon-fri 06:00-18:00, sat 08:00-12:00"


@pytest.mark.parametrize(
    "moment, open_",
    [
        ("2026-11-20T05:59:59", False),
        ("2026-11-20T06:00:00", True),
        ("2026-11-20T17:59:59", True),
        ("2026-11-20T18:00:00", False),
        ("2026-11-21T08:00:00", True),
        ("2026-11-21T12:00:00", False),
        ("2026-11-22T09:00:00", False),
    ],
)
def test_open_from_the_first_second_up_to_before_the_last(moment, open_):
    assert is_open(hours(OFFICE), at(moment)) is open_


def test_a_night_reaches_into_the_next_day():
    night = hours("fri 22:00-04:00")
    assert is_open(night, at("2026-11-20T23:00:00")) and is_open(
        night, at("2026-11-21T03:59:00")
    )
    assert not is_open(night, at("2026-11-21T22:00:00"))
    assert not is_open(night, at("2026-11-20T03:00:00"))


@pytest.mark.parametrize("text", ["Mon-Fri 6:00-18:00", " mon - fri  06:00 - 18:00 "])
def test_the_same_hours_written_otherwise(text):
    assert Hours.read(text) == Hours.read("mon-fri 06:00-18:00")


def test_days_go_around_the_end_of_the_week():
    assert Hours.read("sat-mon 08:00-09:00").spans[0].days == {5, 6, 0}
    assert Hours.read("sun 08:00-24:00").spans[0].ends == 1440


@pytest.mark.parametrize(
    "text",
    ["", "mon", "06:00-18:00", "mon-fri 6-18", "mon 06:00-06:00", "foo 06:00-07:00",
     "mon 24:00-25:00", "mon 06:00-07:61", "mon-fri 06:00-18:00,", "weekdays 06:00-18:00"],
)  # fmt: skip
def test_what_is_no_hours_says_what_was_expected(text):
    with pytest.raises(ValueError, match="mon-fri 06:00-18:00"):
        Hours.read(text)


@pytest.mark.parametrize(
    "said, mended",
    [
        ("06:00-18:00", '"daily 06:00-18:00"'),
        ("Monday-Friday 6:00-18:00", '"mon-fri 06:00-18:00"'),
        ("mon-fri 06:00-18:00; sat 08:00-12:00", '"mon-fri 06:00-18:00, sat 08:00-12:00"'),
        ("whenever", '"mon-fri 06:00-18:00"'),
    ],
)
def test_what_to_write_instead(said, mended):
    assert Hours.mend(said) == mended


def test_a_mistake_names_its_place():
    mistakes = Mistakes()
    node = read('open: "mon-fri 6-18"\n', "feed.yaml", mistakes)
    assert Converter(mistakes).read(node.entries["open"], Hours, "open") is WRONG
    (mistake,) = mistakes.found
    assert (mistake.line, mistake.column) == (1, 7)
    assert mistake.write == 'open: "mon-fri 06:00-18:00"'


@pytest.mark.parametrize("text, minutes", [("02:00", 120), ("0:05", 5), ("23:59", 1439)])
def test_a_time_of_day(text, minutes):
    assert Clock.read(text) == minutes


@pytest.mark.parametrize("text", ["24:00", "2", "02:60", "25:00", "noon"])
def test_what_is_no_time_of_day(text):
    with pytest.raises(ValueError, match="a time of day"):
        Clock.read(text)


# -- the clock changes ---------------------------------------------------------------------------------------------


def test_the_zone_decides():
    assert is_open(hours("daily 08:00-09:00", "America/Chicago"), at("2026-11-20T14:30:00"))
    assert not is_open(hours("daily 08:00-09:00", "America/Chicago"), at("2026-11-20T08:30:00"))


def test_hours_over_the_hour_that_spring_skips_are_an_hour_shorter():
    night = hours("daily 01:00-04:00", "Europe/Vienna")
    day = at("2026-03-29T00:00:00", "Europe/Vienna")
    assert open_seconds(night, day, day + 23 * 3600) == 2 * 3600


def test_hours_over_the_hour_that_autumn_repeats_are_an_hour_longer():
    night = hours("daily 01:00-04:00", "Europe/Vienna")
    day = at("2026-10-25T00:00:00", "Europe/Vienna")
    assert open_seconds(night, day, day + 25 * 3600) == 4 * 3600


def test_a_begin_that_spring_skips_is_the_moment_of_the_jump():
    early = hours("daily 02:30-04:00", "Europe/Vienna")
    jump = at("2026-03-29T03:00:00", "Europe/Vienna")
    assert next_open(early, jump - 7200) == jump
    assert not is_open(early, jump - 1) and is_open(early, jump)


def test_hours_that_spring_skips_whole_are_not_open_that_day():
    skipped = hours("sun 02:10-02:50", "Europe/Vienna")
    day = at("2026-03-29T00:00:00", "Europe/Vienna")
    assert open_seconds(skipped, day, day + 86400) == 0
    assert next_open(skipped, day) == at("2026-04-05T02:10:00", "Europe/Vienna")


def test_a_begin_in_the_hour_that_autumn_repeats_is_the_first():
    early = hours("daily 02:30-04:00", "Europe/Vienna")
    day = at("2026-10-25T00:00:00", "Europe/Vienna")
    assert next_open(early, day) == at("2026-10-25T02:30:00", "Europe/Vienna", fold=0)
    assert open_seconds(early, day, day + 86400) == 2.5 * 3600


# -- whatever the hours ------------------------------------------------------------------------------------------------

CLOCKS = st.builds(lambda m: f"{m // 60:02d}:{m % 60:02d}", st.integers(0, 1439))
SPANS = st.builds(
    lambda first, last, begin, end: f"{first}-{last} {begin}-{end}",
    st.sampled_from(DAYS), st.sampled_from(DAYS), CLOCKS, CLOCKS,
).filter(lambda text: len(set(text.split(" ")[1].split("-"))) == 2)  # fmt: skip
HOURS = st.builds(
    lambda spans, zone: hours(", ".join(spans), zone),
    st.lists(SPANS, min_size=1, max_size=4), st.sampled_from(ZONES),
)  # fmt: skip
MOMENTS = st.integers(1_760_000_000, 1_860_000_000).map(float)


@pytest.mark.slow
@given(HOURS, MOMENTS)
@settings(max_examples=150, deadline=None)
def test_it_is_open_when_it_opens_and_closed_when_it_closes(found, moment):
    opens = next_open(found, moment)
    assert opens >= moment and is_open(found, opens)
    assert is_open(found, moment) or not is_open(found, max(moment, opens - 1))
    closes = next_close(found, moment)
    assert closes > opens or closes == math.inf
    if closes < math.inf:
        assert not is_open(found, closes) and is_open(found, closes - 1)
        assert open_seconds(found, moment, closes) == closes - opens


@pytest.mark.slow
@given(HOURS, MOMENTS, st.integers(0, 900_000), st.integers(0, 900_000))
@settings(max_examples=150, deadline=None)
def test_open_seconds_add_up(found, since, first, second):
    middle, until = since + first, since + first + second
    whole = open_seconds(found, since, until)
    parts = open_seconds(found, since, middle) + open_seconds(found, middle, until)
    assert whole == parts and 0 <= whole <= until - since


@given(HOURS, MOMENTS, st.integers(1, 3 * 86400))
@settings(max_examples=60, deadline=None)
def test_open_seconds_are_the_seconds_in_which_it_is_open(found, since, length):
    step = 1800.0
    counted = sum(is_open(found, since + at * step) for at in range(int(length // step)))
    measured = open_seconds(found, since, since + (length // step) * step)
    edges = sum(len(span.days) for span in found.spans) * 4 + 4
    assert abs(measured - counted * step) <= edges * step


def test_always_never_closes():
    always = hours("always", "Europe/Vienna")
    moment = at("2026-03-29T01:59:59", "Europe/Vienna")
    assert is_open(always, moment) and next_close(always, moment) == math.inf
    assert open_seconds(always, moment, moment + 86400) == 86400
    around = hours("daily 00:00-12:00, daily 12:00-24:00")
    assert next_close(around, moment) == math.inf


def test_a_year_of_hours_is_counted():
    year = hours(OFFICE, "America/Chicago")
    begin = at("2026-01-01T00:00:00", "America/Chicago")
    days = [datetime(2026, 1, 1) + timedelta(days=day) for day in range(365)]  # noqa: DTZ001
    expected = sum(12 if day.weekday() < 5 else 4 if day.weekday() == 5 else 0 for day in days)
    end = at("2027-01-01T00:00:00", "America/Chicago")
    assert open_seconds(year, begin, end) == expected * 3600
