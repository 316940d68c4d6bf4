"""Messages and one message: search, trail, content with a record of it, replay, correction, many at once; by API and by role."""

from __future__ import annotations

import sqlite3
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from tests.web.conftest import Running, message

pytestmark = pytest.mark.slow


def until(true: Callable[[], Any], seconds: float = 10) -> Any:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def api(running: Running) -> Any:
    """A client of an administrator; what was sent before has ended."""
    running.send(message("A1", mrn="4711"), message("A2", mrn="4712"), message("A3", sex="X"))
    made = running.with_token("administrator")
    until(lambda: len(found(made, state="delivered")) == 2)
    running.partner.status = 400
    running.send(message("A4", mrn="4713"))
    running.send(message("L1"), lab=True)
    until(lambda: found(made, state="refused") and len(found(made, state="delivered")) == 3)
    running.partner.status = 201
    return made


def found(client: Any, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/messages", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["messages"]  # type: ignore[no-any-return]


def audits(running: Running) -> list[tuple[str, str, str]]:
    with sqlite3.connect(next((running.home / "data").rglob("*.db"))) as store:
        return list(store.execute("SELECT who, action, what FROM audit ORDER BY id"))


def test_messages_are_found_by_each_filter_and_page_by_page(api: Any) -> None:
    assert [one["channel"] for one in found(api, channel="lab")] == ["lab"]
    assert [one["reason"] for one in found(api, verdict="quarantined")] == ["unmapped_code"]
    assert len(found(api, state="refused")) == len(found(api, control="A4")) == 1
    assert found(api, kind="ADT^A01") == found(api, until="1h") == []
    assert len(found(api, since="1h", kind="DFT^P03")) == 5
    first = api.get("/messages", params={"limit": 3}).json()
    rest = api.get("/messages", params={"limit": 3, "before": first["before"]}).json()
    ids = [one["id"] for page in (first, rest) for one in page["messages"]]
    assert len(ids) == len(set(ids)) == 5
    assert rest["before"] == ""


@pytest.mark.parametrize(
    "query", [{"verdict": "x"}, {"since": "x"}, {"before": "774K-7"}, {"limit": 0}, {"key": "mrn=1"}]
)  # fmt: skip
def test_a_filter_that_cannot_be_read_is_refused_without_its_value(
    api: Any, query: Any
) -> None:
    answer = api.get("/messages", params=query)
    assert answer.status_code == 400
    assert set(answer.json()) == {"type", "title", "status", "detail", "instance"}


def test_a_search_by_key_is_content_and_recorded_without_its_value(
    running: Running, api: Any
) -> None:
    body = {"name": "mrn", "value": "4712", "reason": "asked by telephone"}
    assert len(api.post("/messages/search", json=body).json()["messages"]) == 1
    assert audits(running)[-1][1:] == ("search_by_key", "key mrn")
    assert running.with_token("viewer").post("/messages/search", json=body).status_code == 403
    page = running.signed_in("support")
    word = page.get("/messages").text.split('name="form_word" value="')[1].split('"')[0]
    form = {"form_word": word, "key": "mrn", "value": "4712", "verdict": "accepted"}
    answer = page.post("/messages/search", data=form)
    assert answer.status_code == 303 and "4712" not in answer.headers["location"]
    shown = page.get(answer.headers["location"]).text
    assert shown.count('name="ids"') == 1 and "4712" not in shown
    others = running.signed_in("analyst").get(answer.headers["location"]).text
    assert 'name="ids"' not in others and "search again" in others


def test_content_is_masked_until_it_is_asked_for_and_that_is_recorded(
    running: Running, api: Any
) -> None:
    (one,) = found(api, control="A1")
    path = f"/messages/{one['id']}"
    plain = [api.get(path + more).text for more in ("", "/trail", "/deliveries")]
    plain.append(running.signed_in("viewer").get(path).text)
    assert not [text for text in plain if "4711" in text or "SAMPLE" in text]
    asked = running.with_token("support").post(
        path + "/content", json={"part": "raw", "reason": "look"}
    )
    assert "4711" in asked.json()["text"]
    assert audits(running)[-1][1:] == ("read_content", f"message {one['id']}: raw")
    before = len(audits(running))
    refused = running.with_token("viewer").post(path + "/content", json={"part": "raw"})
    assert refused.status_code == 403 and len(audits(running)) == before


def test_each_part_of_the_content_can_be_read(api: Any) -> None:
    (one,) = found(api, control="A1")
    (delivery,) = api.get(f"/messages/{one['id']}/deliveries").json()

    def part(name: str, **more: Any) -> Any:
        answer = api.post(f"/messages/{one['id']}/content", json={"part": name, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert part("keys")["keys"] == {"mrn": "4711"}
    leaves = {leaf["path"]: leaf for leaf in part("tree")["tree"]}
    assert leaves["PID-3.1"]["value"] == "4711"
    assert leaves["MSH-10"]["name"] == "Message Control ID"
    (made,) = part("canonical")["made"]
    assert [rule["value"] for rule in made["rules"] if rule["field"] == "sex"] == ["female"]
    assert '"4711"' in part("payload", delivery=delivery["id"])["text"]
    assert part("difference")["difference"]["payloads"][0]["what"] == "same"
    missing = {"part": "payload", "delivery": delivery["id"] + 65536}
    assert api.post(f"/messages/{one['id']}/content", json=missing).status_code == 404


def test_the_trail_tells_attempts_and_answers(api: Any) -> None:
    (one,) = found(api, control="A4")
    trail = api.get(f"/messages/{one['id']}/trail").json()
    assert [hop["what"] for hop in trail] == ["received", "accepted", "refused"]
    assert trail[-1]["destination"] == "billing" and "400" in trail[-1]["text"]
    (delivery,) = api.get(f"/messages/{one['id']}/deliveries").json()
    assert delivery["orders"] == ["discard", "resend"] and "said no" in delivery["waits"]


def test_a_message_of_other_tags_is_not_there(running: Running, api: Any) -> None:
    running.directory.add("labclerk", "seven purple lanterns", ["administrator"], ["lab"])
    secret = running.directory.tokens.issue("lab", ["administrator"], "root", tags=["lab"])
    client = running.with_token("viewer")
    client.headers["authorization"] = f"Bearer {secret}"
    assert {one["channel"] for one in found(client)} == {"lab"}
    assert client.get("/messages", params={"channel": "charges"}).status_code == 404
    (one,) = found(api, control="A4")
    path = f"/messages/{one['id']}"
    (delivery,) = api.get(path + "/deliveries").json()
    tried = [client.get(path + more) for more in ("", "/trail", "/deliveries")]
    tried += [
        client.post(path + "/content", json={"part": "raw"}),
        client.post(path + "/replay", json={"reason": "x"}),
        client.post(path + "/edit", json={"raw": "TVNI", "reason": "x"}),
        client.post(
            "/deliveries/discard", json={"deliveries": [delivery["id"]], "reason": "x"}
        ),
        client.post("/replays", json={"chosen": {"ids": [one["id"]]}, "how": {"reason": "x"}}),
    ]
    assert {answer.status_code for answer in tried} == {404}
    by_key = {"name": "mrn", "value": "4713"}
    assert client.post("/messages/search", json=by_key).json()["messages"] == []


def test_a_replay_needs_its_right_and_a_reason_and_is_linked(
    running: Running, api: Any
) -> None:
    (one,) = found(api, control="A2")
    path = f"/messages/{one['id']}/replay"
    assert running.with_token("viewer").post(path, json={"reason": "x"}).status_code == 403
    assert api.post(path, json={"reason": "  "}).status_code == 400
    made = api.post(path, json={"reason": "lost there"}).json()
    assert made["verdict"] == "accepted"
    whats = [hop["what"] for hop in api.get(f"/messages/{made['id']}/trail").json()]
    assert "replayed" in whats


def test_a_corrected_copy_goes_out_as_a_message_of_its_own(running: Running, api: Any) -> None:
    (one,) = found(api, verdict="quarantined", channel="charges", control="A3")
    raw = b64encode(message("A3", sex="M")).decode()
    path = f"/messages/{one['id']}/edit"
    assert running.with_token("support").post(path, json={"raw": raw, "reason": "x"}).status_code == 403  # fmt: skip
    assert api.post(path, json={"raw": "%%%", "reason": "x"}).status_code == 400
    made = api.post(path, json={"raw": raw, "reason": "the sex was mistyped"}).json()
    assert made["verdict"] == "accepted"
    until(lambda: any(b'"sex":"male"' in got.replace(b" ", b"") for got in running.partner.got))
    with sqlite3.connect(next((running.home / "data").rglob("*.db"))) as store:
        kept = list(store.execute("SELECT arguments FROM command WHERE verb = 'edit'"))
    assert kept and "raw" not in kept[0][0]


def test_a_refused_delivery_is_sent_again(running: Running, api: Any) -> None:
    (one,) = found(api, control="A4", state="refused")
    (delivery,) = api.get(f"/messages/{one['id']}/deliveries").json()
    body = {"deliveries": [delivery["id"]], "reason": "they mended it"}
    assert (
        running.with_token("steward").post("/deliveries/resend", json=body).status_code == 403
    )
    assert api.post("/deliveries/delivered", json=body).json() == {"moved": 0, "busy": 0}
    assert api.post("/deliveries/resend", json=body).json() == {"moved": 1, "busy": 0}
    until(lambda: found(api, control="A4", state="delivered"))


def test_many_are_replayed_after_a_preview(running: Running, api: Any) -> None:
    chosen = {"filters": {"control": "A1"}}
    seen = api.post("/replays", json={"chosen": chosen, "preview": True}).json()
    assert seen["preview"]["messages"] == seen["drift"]["tried"] == seen["drift"]["same"] == 1
    assert api.post("/replays", json={"chosen": {}, "how": {"reason": "x"}}).status_code == 400
    before = len(running.partner.got)
    how = {"reason": "all of them", "rate": 0}
    body = {"chosen": {"filters": {"channel": "charges", "until": "2099-01-01"}}, "how": how}
    job = api.post("/replays", json=body).json()["job"]
    path = f"/replays/{job['id']}"
    until(lambda: api.get(path).json()["state"] == "done")
    ended = api.get(path).json()
    assert ended["done"] == ended["total"] == sum(ended["outcomes"].values())
    until(lambda: len(running.partner.got) >= before + ended["outcomes"]["accepted"])
    assert api.post(path + "/pause").status_code == 409
    assert running.with_token("viewer").post(path + "/cancel").status_code == 403
    assert job["id"] in [one["id"] for one in api.get("/replays").json()]
