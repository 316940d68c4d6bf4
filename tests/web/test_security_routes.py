"""Every route asks for a right, and gives nothing to who lacks it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.routing import Mount, Route

from engine.people.rights import ROLES, Right
from engine.web.endpoint import Endpoint
from engine.web.tables import ROOT, of_api, of_pages
from tests.web.asking import PASSWORD, Asking

#: All that people who are not signed in may ask.
OPEN = {"GET /sign-in", "POST /sign-in", "GET /begin", "POST /begin", "GET /live", "GET /ready"}
#: All that takes no right, because it concerns who asks and nobody else.
OWN = {
    "POST /sign-out", "GET /me", "POST /me/password", "POST /me/app", f"GET {ROOT}/me", f"GET {ROOT}/openapi.json",
}  # fmt: skip

ROUTES: dict[str, tuple[str, Endpoint]] = {
    **{f"{one.method} {ROOT}{one.path}": (ROOT + one.path, one) for one in of_api()},
    **{f"{one.method} {one.path}": (one.path, one) for one in of_pages()},
}


def filled(path: str) -> str:
    """The path with something in its holes that is nowhere."""
    return re.sub(r"\{\w+(?::\w+)?\}", "0-nobody", path)


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    made = Asking(tmp_path_factory.mktemp("house"))
    made.directory.add("root", PASSWORD, ["administrator"])
    yield made
    made.close()


def test_only_what_is_listed_here_takes_no_right() -> None:
    assert {name for name, (_, one) in ROUTES.items() if one.open} == OPEN
    assert {
        name for name, (_, one) in ROUTES.items() if one.right is None and not one.open
    } == OWN
    assert all(one.right is None for _, one in ROUTES.values() if one.open)


def test_the_application_has_no_other_routes(asking: Asking) -> None:
    routes = set()
    for route in asking.app.routes:
        if isinstance(route, Mount):
            assert route.path == "/static"
        else:
            assert isinstance(route, Route)
            routes |= {
                f"{method} {route.path}" for method in (route.methods or ()) if method != "HEAD"
            }
    assert routes == set(ROUTES)


async def test_who_is_not_signed_in_gets_nothing(asking: Asking) -> None:
    for name, (path, endpoint) in ROUTES.items():
        if endpoint.open:
            continue
        for headers in (
            {},
            {"hx-request": "true"},
            {"authorization": "Bearer corridor_x"},
            {"cookie": "corridor=x"},
        ):
            answer = await asking(endpoint.method, filled(path), headers=headers)
            if path.startswith(ROOT):
                assert answer.status == 401 and answer.json["type"] == "unauthenticated", name
            else:
                assert answer.status in (303, 204), name
                assert (answer.header("location") or answer.header("hx-redirect")).startswith(
                    "/sign-in"
                ), name
                assert not answer.body, name


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
async def test_a_role_gets_403_exactly_where_its_right_is_missing(
    asking: Asking, role: str
) -> None:
    name = f"a.{role}"
    asking.directory.add(name, PASSWORD, [role])
    token = asking.directory.tokens.issue("test", [role], "root")
    for route, (path, endpoint) in ROUTES.items():
        if endpoint.open:
            continue
        missing = endpoint.right is not None and endpoint.right not in ROLES[role]
        if path.startswith(ROOT):
            answer = await asking(
                endpoint.method,
                filled(path),
                token=token,
                json={} if endpoint.changes else None,
            )
        else:
            cookie, word = asking.session(name)
            form = {} if endpoint.changes else None
            answer = await asking(
                endpoint.method, filled(path), cookie=cookie, word=word, form=form
            )
        assert answer.status != 401, route
        assert (answer.status == 403) == missing, (route, answer.status, answer.body[:300])
        assert answer.status < 500 or answer.status == 503, (route, answer.status)


async def test_rights_of_the_whole_house_are_not_for_people_of_some_channels(
    asking: Asking,
) -> None:
    token = asking.directory.tokens.issue("test", ["administrator"], "root", tags=["lab"])
    for name, (path, endpoint) in ROUTES.items():
        if endpoint.right in (Right.USERS, Right.AUDIT):
            answer = await asking(
                endpoint.method,
                filled(path),
                token=token,
                json={} if endpoint.changes else None,
            )
            assert answer.status == 403, name


async def test_every_answer_has_the_headers(asking: Asking) -> None:
    token = asking.directory.tokens.issue("test", ["administrator"], "root")
    for path in (
        "/",
        "/sign-in",
        "/nowhere",
        "/static/console.css",
        "/live",
        f"{ROOT}/me",
        f"{ROOT}/nowhere",
    ):
        answer = await asking("GET", path, token=token)
        policy = answer.header("content-security-policy")
        assert (
            "default-src 'none'" in policy
            and "unsafe" not in policy
            and "frame-ancestors 'none'" in policy
        )
        assert answer.header("x-content-type-options") == "nosniff"
        assert "access-control-allow-origin" not in dict(answer.headers)
        assert answer.header("cache-control") == (
            "max-age=3600" if "static" in path else "no-store"
        )
