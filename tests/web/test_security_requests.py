"""Requests that are made to do harm: forged, to other names, with line ends, out of the folder, too large, too deep, too slow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.web import taking
from engine.web.gate import host_of
from tests.web.asking import PASSWORD, Asking

pytestmark = pytest.mark.usefixtures("quick_passwords")

CHANGE = "/api/v1/people"
NEW = {"name": "made.up", "roles": ["viewer"]}


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    made = Asking(tmp_path_factory.mktemp("house"))
    made.directory.add("root", PASSWORD, ["administrator"])
    yield made
    made.close()


@pytest.fixture
def signed(asking: Asking) -> tuple[str, str]:
    return asking.session("root")


# -- forged ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        ({}, ""),
        ({}, "wrong"),
        ({"origin": "https://elsewhere.example"}, "right"),
        ({"origin": "null"}, "right"),
        ({"origin": "http://127.0.0.1:9999"}, "right"),
        ({"sec-fetch-site": "cross-site"}, "right"),
        ({"sec-fetch-site": "same-site"}, "right"),
        ({"content-type": "text/plain"}, ""),
        ({"content-type": ""}, ""),
        ({"content-type": "application/json; x=multipart/form-data"}, ""),
    ],
)
async def test_a_forged_request_does_nothing(
    asking: Asking, signed: tuple[str, str], headers: dict[str, str], word: str
) -> None:
    cookie, right = signed
    answer = await asking(
        "POST",
        CHANGE,
        cookie=cookie,
        word=right if word == "right" else word,
        json=NEW,
        headers=headers,
    )
    assert answer.status == 403 and answer.json["type"] == "forged"
    form = await asking(
        "POST",
        "/people",
        cookie=cookie,
        word=right if word == "right" else word,
        form=NEW,
        headers={k: v for k, v in headers.items() if k != "content-type"},
    )
    assert form.status == 403
    assert [one.name for one in asking.directory.accounts()] == ["root"]


async def test_the_word_of_another_session_is_wrong(
    asking: Asking, signed: tuple[str, str]
) -> None:
    _, other = asking.session("root")
    assert (await asking("POST", CHANGE, cookie=signed[0], word=other, json=NEW)).status == 403


async def test_json_in_plain_clothes_is_not_read(
    asking: Asking, signed: tuple[str, str]
) -> None:
    cookie, word = signed
    answer = await asking(
        "POST",
        CHANGE,
        cookie=cookie,
        word=word,
        json=NEW,
        headers={"content-type": "text/plain"},
    )
    assert answer.status == 415


async def test_nobody_is_signed_in_from_elsewhere(asking: Asking) -> None:
    form = {"name": "root", "password": PASSWORD}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}):
        answer = await asking("POST", "/sign-in", form=form, headers=headers)
        assert answer.status == 403 and "corridor" not in answer.cookies


# -- other names (DNS rebinding) -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "",
        "localhost@evil.example",
        "10.0.0.5",
        "127.0.0.1:x",
    ],
)
async def test_another_name_is_refused(asking: Asking, host: str) -> None:
    for path in ("/sign-in", "/live", "/static/console.css", "/api/v1/me"):
        answer = await asking("GET", path, host=host)
        assert answer.status == 421 and answer.json["type"] == "other_host"
        assert answer.header("x-content-type-options") == "nosniff"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8470",
        "localhost",
        "LOCALHOST:1",
        "[::1]:8470",
        "corridor.example.org",
        "corridor.example.org.",
    ],
)
async def test_our_names_are_taken(tmp_path: Path, host: str) -> None:
    asking = Asking(tmp_path, "console: {address: 'https://corridor.example.org/'}\n")
    assert (await asking("GET", "/live", host=host)).status == 200
    asking.close()


async def test_on_all_addresses_numbers_are_taken_and_names_are_not(tmp_path: Path) -> None:
    asking = Asking(tmp_path, "console: {host: 0.0.0.0, plaintext: true}\n")
    assert (await asking("GET", "/live", host="10.1.2.3:8470")).status == 200
    assert (await asking("GET", "/live", host="evil.example")).status == 421
    asking.close()


def test_a_host_with_signs_that_are_not_of_names_is_none() -> None:
    assert [
        host_of(one) for one in ("a/b", "a?b", "a#b", "a\\b", "a b", "[::1", "a:99999999")
    ] == [""] * 7


# -- line ends, addresses, paths -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "/\r\nset-cookie: a=b",
        "/\x00",
        "javascript:alert(1)",
        "/\u2028",
    ],
)
async def test_one_comes_back_to_pages_of_this_console_only(asking: Asking, back: str) -> None:
    form = {"name": "root", "password": PASSWORD, "back": back}
    answer = await asking("POST", "/sign-in", form=form)
    assert (answer.status, answer.header("location")) == (303, "/")
    htmx = await asking("POST", "/sign-in", form=form, headers={"hx-request": "true"})
    assert htmx.header("hx-redirect") == "/"
    assert set(answer.cookies) == {"corridor"}


async def test_what_a_cookie_says_stays_text(asking: Asking, signed: tuple[str, str]) -> None:
    said = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%0D%0Ax%3A%20y"
    answer = await asking("GET", "/me", cookie=signed[0], headers={"cookie": f"said={said}"})
    assert (
        answer.status == 200
        and "<script>alert" not in answer.text
        and "&lt;script&gt;" in answer.text
    )
    assert "x" not in dict(answer.headers)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/static/%2fetc/passwd",
        "/static/%00",
        "/static/.",
        "/static/" + "a" * 5000,
    ],
)
async def test_nothing_outside_the_folder_is_given(asking: Asking, path: str) -> None:
    answer = await asking("GET", path)
    assert answer.status == 404 and b"root:" not in answer.body and b"import" not in answer.body


async def test_a_path_with_line_ends_is_quoted_on_the_way_to_the_sign_in(
    asking: Asking,
) -> None:
    answer = await asking("GET", "/messages/%0d%0aset-cookie:%20a=b")
    assert answer.status == 303 and "\n" not in answer.header("location") and not answer.cookies


# -- too large, too deep, too many, too slow -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 99_000,
        b'{"a":' * 99_000,
        b"[" * 200_000,
        b'{"name":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b"\xff\xfe",
        b'"\\ud800"',
        b"nul",
        b"[]",
        b"1e999999",
    ],
)
async def test_json_that_is_none_or_too_deep_is_refused(
    asking: Asking, signed: tuple[str, str], body: bytes
) -> None:
    answer = await asking(
        "POST",
        CHANGE,
        cookie=signed[0],
        word=signed[1],
        body=body,
        headers={"content-type": "application/json"},
    )
    assert answer.status == 400


async def test_too_large_is_refused_without_being_read_whole(
    asking: Asking, signed: tuple[str, str]
) -> None:
    cookie, word = signed
    pieces = [b" " * 1_000_000] * 50
    answer = await asking(
        "POST",
        CHANGE,
        cookie=cookie,
        word=word,
        pieces=pieces,
        headers={"content-type": "application/json"},
    )
    assert answer.status == 413
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert (
        await asking("POST", "/people", cookie=cookie, word=word, pieces=pieces, headers=form)
    ).status == 413
    small = await asking(
        "POST", "/sign-in", body=b"name=" + b"a" * taking.LONGEST_OPEN, headers=form
    )
    assert small.status == 413


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"a&" * 3000),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        (
            "multipart/form-data; boundary=a; charset=nonsense",
            b'--a\r\ncontent-disposition: form-data; name="x"\r\n\r\ny\r\n--a--\r\n',
        ),
        ("multipart/form-data; boundary=a", b"--a\r\n" + b"x: y\r\n" * 3000),
        (
            "multipart/form-data; boundary=a",
            b'--a\r\ncontent-disposition: form-data; name="x"\r\n\r\ny\r\n' * 1500
            + b"--a--\r\n",
        ),
    ],
)
async def test_forms_of_nobody_are_refused(
    asking: Asking, signed: tuple[str, str], kind: str, body: bytes
) -> None:
    answer = await asking(
        "POST",
        "/people",
        cookie=signed[0],
        headers={"content-type": kind, "x-form-word": signed[1]},
        body=body,
    )
    assert answer.status in (400, 403, 409), answer.body


async def test_a_body_that_drips_is_not_waited_for(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "PATIENCE", 0.1)
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = await asking("POST", "/sign-in", pieces=[b"a"] * 100, pause=0.05, headers=form)
    assert answer.status == 408


async def test_codes_and_names_of_other_alphabets_are_only_wrong(asking: Asking) -> None:
    for name in ("root\u0661", "\u202eroot", "a" * 5000, "root\x00"):
        answer = await asking(
            "POST",
            "/sign-in",
            form={"name": name, "password": PASSWORD, "code": "\u0661\u0662\u0663"},
        )
        assert answer.status == 401


async def test_the_log_of_the_console_holds_no_secret(
    asking: Asking, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError(f"cannot take {PASSWORD}")

    monkeypatch.setattr(asking.directory, "sign_in", broken)
    answer = await asking(
        "POST", "/sign-in?back=/CANARY", form={"name": "root", "password": PASSWORD}
    )
    said = capsys.readouterr().err
    assert answer.status == 400 or answer.status == 500
    answer = await asking("POST", "/sign-in", form={"name": "root", "password": PASSWORD})
    said += capsys.readouterr().err
    assert answer.status == 500 and "RuntimeError" in said
    assert PASSWORD not in said + answer.text and "CANARY" not in said
