"""A request with an Idempotency-Key is done once, however often it is sent; a long list says where it goes on."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import httpx
import pytest

from engine.people.answers import KEPT, Answers
from engine.people.file import PeopleFile
from tests.web.conftest import Running, message


def test_the_first_of_a_name_is_done_and_the_others_get_its_answer(tmp_path: Path) -> None:
    now = [1000.0]
    file = PeopleFile(tmp_path)
    answers, other = (Answers(file, lambda: now[0]) for _ in range(2))
    found = list[object]()
    threads = [
        threading.Thread(target=lambda: found.append(answers.begin(b"n", b"s")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(None) == 1
    unfinished = other.begin(b"n", b"s")
    assert unfinished is not None and (unfinished.status, unfinished.here) == (0, False)
    answers.keep(b"n", 201, "application/json", b"{}")
    kept = other.begin(b"n", b"other")
    assert kept is not None and kept[:4] == (b"s", 201, "application/json", b"{}")
    now[0] += KEPT + 1
    assert other.begin(b"n", b"s") is None
    assert answers.begin(b"m", b"s") is None
    now[0] += KEPT + 1
    answers.begin(b"o", b"s")
    assert len(file.rows("SELECT 1 FROM answered")) == 1
    file.close()


@pytest.mark.slow
def test_a_post_that_comes_twice_is_done_once(running: Running) -> None:
    client, key = running.with_token(), {"idempotency-key": "e2c8-1"}
    body = {"name": "grafana", "roles": ["viewer"]}
    first = client.post("/tokens", json=body, headers=key)
    again = client.post("/tokens", json=body, headers=key)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content and again.headers["idempotent-replayed"] == "true"
    assert [one["name"] for one in client.get("/tokens").json()].count("grafana") == 1
    assert "idempotent-replayed" not in first.headers
    assert first.headers["x-request-id"] != again.headers["x-request-id"]

    reused = client.post("/tokens", json=body | {"roles": ["auditor"]}, headers=key)
    elsewhere = client.post("/people", json={"name": "ann", "roles": ["viewer"]}, headers=key)
    for answer in (reused, elsewhere):
        assert (answer.status_code, answer.json()["type"]) == (422, "key_reused")
    assert "ann" not in [one["name"] for one in client.get("/people").json()]

    stranger = running.with_token()
    assert stranger.post("/tokens", json=body, headers=key).content != first.content
    wrong = [client.post("/tokens", json={"name": "X Y", "roles": []}, headers={"idempotency-key": "2"}) for _ in "12"]  # fmt: skip
    assert wrong[0].status_code == 409 and wrong[0].content == wrong[1].content
    long = client.post("/tokens", json=body, headers={"idempotency-key": "x" * 201})
    assert (long.status_code, long.json()["type"]) == (400, "bad_key")

    secret = first.json()["secret"]
    number = next(one["id"] for one in client.get("/tokens").json() if one["name"] == "grafana")
    gone = [client.delete(f"/tokens/{number}", headers={"idempotency-key": "3"}) for _ in "12"]
    assert [answer.status_code for answer in gone] == [204, 204]
    assert client.delete(f"/tokens/{number}").status_code == 409
    kept = b"".join(path.read_bytes() for path in (running.home / "data").glob("people.db*"))
    assert secret.encode() not in kept and b"e2c8-1" not in kept


@pytest.mark.slow
def test_twins_at_the_same_moment_send_a_message_once(running: Running) -> None:
    running.send(message("T1"))
    client, until = running.with_token(), time.monotonic() + 10
    while not (found := client.get("/messages?control=T1").json()["messages"]):
        assert time.monotonic() < until
    path, begun = f"/messages/{found[0]['id']}/replay", threading.Barrier(12)

    def replay(_: int) -> httpx.Response:
        begun.wait()
        return client.post(path, json={"reason": "twice"}, headers={"idempotency-key": "twin"})

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(replay, range(12)))
    told = {answer.status_code for answer in answers}
    assert told <= {200, 409} and 200 in told
    late = {answer.json()["type"] for answer in answers if answer.status_code == 409}
    assert late <= {"in_progress"}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert client.post(path, json={"reason": "twice"}, headers={"idempotency-key": "twin"}).status_code == 200  # fmt: skip
    assert len(client.get("/messages?control=T1").json()["messages"]) == 2


@pytest.mark.slow
def test_an_answer_that_was_never_given_is_not_made_up(running: Running) -> None:
    """A console that ended in the middle: nobody knows what came of it, and the person is told so."""
    client, key = running.with_token(), {"idempotency-key": "lost"}
    body = {"name": "lost", "roles": ["viewer"]}
    client.post("/tokens", json=body, headers=key)
    file = apsw.Connection(str(running.home / "data/people.db"))
    file.set_busy_timeout(5000)
    file.execute("UPDATE answered SET status = 0, body = x''")
    told = client.post("/tokens", json=body, headers=key)
    assert (told.status_code, told.json()["type"]) == (409, "in_progress")
    file.execute("UPDATE answered SET run = 'another'")
    told = client.post("/tokens", json=body, headers=key)
    assert (told.status_code, told.json()["type"]) == (409, "unfinished")
    file.close()


@pytest.mark.slow
def test_a_long_list_goes_on_by_its_link(running: Running) -> None:
    running.send(*(message(f"L{number}") for number in range(5)))
    client, found = running.with_token("viewer"), list[str]()
    answer = client.get("/messages?limit=2&channel=charges")
    while True:
        found += [one["id"] for one in answer.json()["messages"]]
        assert bool(answer.json()["before"]) == ("next" in answer.links)
        if "next" not in answer.links:
            break
        answer = client.get(running.url + answer.links["next"]["url"])
    everything = client.get("/messages?limit=500&channel=charges").json()["messages"]
    assert found == [one["id"] for one in everything] and len(found) > 4
