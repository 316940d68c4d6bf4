"""Sign-ins, sessions and tokens: how they begin, what ends them, and what nobody finds out."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import CommandError
from engine.people import door, passwords
from engine.people.directory import Directory
from tests.web.asking import PASSWORD, Asking

pytestmark = pytest.mark.usefixtures("quick_passwords")


class Clock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    made = Asking(tmp_path_factory.mktemp("house"))
    made.directory.add("root", PASSWORD, ["administrator"])
    yield made
    made.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory(tmp_path: Path, clock: Clock) -> Iterator[Directory]:
    made = Directory(tmp_path, clock)
    made.add("root", PASSWORD, ["administrator"])
    yield made
    made.file.close()


# -- cookies and sessions ----------------------------------------------------------------------------------------


async def test_the_cookie_is_for_this_console_and_no_script(asking: Asking) -> None:
    form = {"name": "root", "password": PASSWORD}
    plain = (await asking("POST", "/sign-in", form=form)).cookies["corridor"].lower()
    assert "httponly" in plain and "samesite=lax" in plain and "path=/" in plain
    assert "domain" not in plain and "max-age" not in plain and "secure" not in plain
    asking.scheme = "https"
    try:
        answer = await asking("POST", "/sign-in", form=form)
        over_tls = answer.cookies["__Host-corridor"]
        assert "secure" in over_tls.lower() and "corridor" not in answer.cookies
        assert answer.header("strict-transport-security") == "max-age=31536000"
        secret = over_tls.partition("=")[2].partition(";")[0]
        assert (await asking("GET", "/me", cookie=secret)).status == 200
        bare = {
            "cookie": f"corridor={secret}"
        }  # what another name of the domain could have set
        assert (await asking("GET", "/me", headers=bare)).status == 303
    finally:
        asking.scheme = "http"


async def test_a_session_that_was_brought_along_is_not_taken_over(asking: Asking) -> None:
    fixed = "a" * 43
    form = {"name": "root", "password": PASSWORD}
    answer = await asking("POST", "/sign-in", form=form, cookie=fixed)
    assert fixed not in answer.cookies["corridor"]
    assert (await asking("GET", "/me", cookie=fixed)).status == 303
    old, _ = asking.session("root")
    await asking("POST", "/sign-in", form=form, cookie=old)
    assert (await asking("GET", "/me", cookie=old)).status == 303  # one browser, one session


async def test_signing_out_ends_the_session_itself(asking: Asking) -> None:
    cookie, word = asking.session("root")
    answer = await asking("POST", "/sign-out", cookie=cookie, form={}, word=word)
    assert answer.status == 303 and "max-age=0" in answer.cookies["corridor"].lower()
    assert (await asking("GET", "/me", cookie=cookie)).status == 303


async def test_ones_new_password_ends_ones_other_sessions(asking: Asking) -> None:
    asking.directory.add("changing", PASSWORD, ["viewer"])
    here, word = asking.session("changing")
    there, _ = asking.session("changing")
    form = {"old": PASSWORD, "new": "eight green lanterns"}
    wrong = await asking(
        "POST", "/me/password", cookie=here, word=word, form={**form, "old": "x"}
    )
    assert wrong.status == 409
    assert (
        await asking("POST", "/me/password", cookie=here, word=word, form=form)
    ).status == 303
    assert (await asking("GET", "/me", cookie=here)).status == 200
    assert (await asking("GET", "/me", cookie=there)).status == 303


@pytest.mark.parametrize(
    "change",
    [
        {"disabled": True},
        {"roles": ["auditor"]},
        {"tags": ["lab"]},
        {"password": "a password given anew"},
    ],
)
def test_a_change_of_an_account_ends_its_sessions(
    directory: Directory, change: dict[str, object]
) -> None:
    directory.add("nurse", PASSWORD, ["viewer"])
    session = directory.sign_in("nurse", PASSWORD)
    assert directory.session(session) is not None
    directory.change("nurse", **change)  # type: ignore[arg-type]
    assert directory.session(session) is None


def test_a_session_ends_idle_and_at_the_end_of_the_day(
    directory: Directory, clock: Clock
) -> None:
    used, left, watched = (directory.sign_in("root", PASSWORD) for _ in range(3))
    for _ in range(int(door.SESSION / 1800)):
        clock.time += 1800
        assert directory.session(used) is not None
        directory.session(watched, attended=False)
    assert directory.session(left) is None
    assert directory.session(watched) is None  # a page that asks by itself is nobody who works
    clock.time += 1
    assert directory.session(used) is None


async def test_a_page_that_asks_by_itself_keeps_nothing_open(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie, _ = asking.session("root")
    begun = time.time()
    for minutes in (30, 59):
        monkeypatch.setattr(asking.directory, "_now", lambda at=begun + minutes * 60: at)
        assert (
            await asking("GET", "/me", cookie=cookie, headers={"x-unattended": "1"})
        ).status == 200
    monkeypatch.setattr(asking.directory, "_now", lambda: begun + 61 * 60)
    assert (await asking("GET", "/me", cookie=cookie)).status == 303


def test_a_token_ends_when_it_was_to_end(directory: Directory, clock: Clock) -> None:
    secret = directory.tokens.issue("grafana", ["viewer"], "root", until=clock.time + 60)
    person = directory.tokens.bearer(secret)
    assert person is not None and person.token == 1
    clock.time += 61
    assert directory.tokens.bearer(secret) is None


# -- what nobody finds out -----------------------------------------------------------------------------------------


def test_a_name_that_nobody_has_waits_like_one_that_somebody_has(directory: Directory) -> None:
    told: dict[str, list[str]] = {"root": [], "nobody": []}
    for name, words in told.items():
        for _ in range(6):
            with pytest.raises(CommandError) as caught:
                directory.sign_in(name, "x" * 20)
            words.append(str(caught.value))
    assert told["root"] == told["nobody"] and "try again in" in told["root"][-1]


def test_names_that_nobody_has_do_not_fill_the_file(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "STRANGERS", 5)
    for number in range(12):
        directory._count(f"stranger {number}", somebody=False)
    assert directory.file.rows("SELECT count(*) FROM stranger") == [(5,)]
    kept = b"".join(row[0] for row in directory.file.rows("SELECT name FROM stranger"))
    assert b"stranger" not in kept  # what is typed there may be a password


@pytest.mark.slow
@pytest.mark.alone
def test_a_name_that_nobody_has_takes_as_long(directory: Directory) -> None:
    passwords.warm()
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    for number in range(12):
        directory.file.rows("UPDATE person SET wrong = 0")
        for kind, name in (("known", "root"), ("unknown", f"nobody{number}")):
            began = time.perf_counter()
            with pytest.raises(CommandError):
                directory.sign_in(name, "x" * 20)
            took[kind].append(time.perf_counter() - began)
    known, unknown = (statistics.median(times) for times in took.values())
    assert 0.7 < known / unknown < 1.4
    assert known > 0.02


def test_many_attempts_at_once_are_no_way_around_the_wait(directory: Directory) -> None:
    directory._count("root")  # as of one that is still being worked out
    for _ in range(3):
        directory._count("root")
    with pytest.raises(CommandError, match="try again in"):
        directory.sign_in("root", PASSWORD)


def test_the_one_time_token_makes_one_account(directory: Directory, tmp_path: Path) -> None:
    fresh = Directory(tmp_path / "new")
    token = fresh.invite()
    with pytest.raises(CommandError, match="at least 15"):
        fresh.begin(token, "root", "short")
    fresh.begin(token, "root", PASSWORD)  # a weak password did not use it up
    with pytest.raises(CommandError, match="not valid"):
        fresh.begin(token, "second", PASSWORD)
    with pytest.raises(CommandError, match="not valid"):
        directory.begin(token, "third", PASSWORD)
    fresh.file.close()


def test_an_old_hash_is_made_anew_at_the_next_sign_in(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    import argon2

    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    directory.file.rows("UPDATE person SET password = ?", weak)
    directory.sign_in("root", PASSWORD)
    (row,) = directory.file.rows("SELECT password FROM person")
    assert row[0] != weak and passwords.fits(row[0], PASSWORD)


def test_an_administrator_of_some_channels_is_not_the_last_one(directory: Directory) -> None:
    directory.add("part", PASSWORD, ["administrator"], ["lab"])
    for change in ({"disabled": True}, {"tags": ["lab"]}, {"roles": ["viewer"]}):
        with pytest.raises(CommandError, match="another administrator"):
            directory.change("root", **change)  # type: ignore[arg-type]
