"""Who asks, whether they may, and whether the form is theirs. Deny by default."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request

from engine.people.rights import Person
from engine.web.endpoint import Endpoint
from engine.web.house import House
from engine.web.problem import Problem

COOKIE = "corridor"
#: The field of every form, and the header of every scripted request, that carries the session's word.
FORM_FIELD, FORM_HEADER = "form_word", "x-form-word"

#: On every answer: nothing is loaded from elsewhere, nothing inline runs, nobody frames us, nothing is kept by caches.
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

_NOBODY = Person(name="")


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks."""

    person: Person
    form: str = ""
    """The word that forms of this session carry; empty for a token or for nobody."""


def caller(request: Request, house: House) -> Caller | None:
    """By the token in `Authorization`, else by the session's cookie; None = nobody known."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme:
        person = (
            house.directory.tokens.bearer(secret.strip())
            if scheme.lower() == "bearer"
            else None
        )
        return Caller(person=person) if person is not None else None
    cookie = request.cookies.get(COOKIE, "")
    session = house.directory.session(cookie) if cookie else None
    return Caller(person=session.person, form=session.form) if session is not None else None


def admit(request: Request, house: House, endpoint: Endpoint) -> Caller:
    """The caller; Problem 401 or 403 where they may not."""
    who = caller(request, house)
    if who is None:
        if endpoint.open:
            _same_origin(request, endpoint)
            return Caller(person=_NOBODY)
        raise Problem(
            401, "unauthenticated", "sign in, or send a token: Authorization: Bearer ..."
        )
    if endpoint.right is not None and endpoint.right not in who.person.rights:
        raise Problem(403, "forbidden", f"this takes the right '{endpoint.right.value}'")
    _same_origin(request, endpoint)
    return who


def _same_origin(request: Request, endpoint: Endpoint) -> None:
    """What changes something and comes from a browser comes from one of our own pages."""
    if not endpoint.changes or "authorization" in request.headers:
        return
    origin = request.headers.get("origin", "")
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site not in ("same-origin", "none") or (
        origin and urlsplit(origin).netloc != request.headers.get("host", "")
    ):
        raise Problem(403, "forged", "this came from another site and was not done")


def check_form(who: Caller, endpoint: Endpoint, given: str) -> None:
    """
    What a browser sends carries the session's word; a token needs none, nor does what is open to everybody. Problem 403
    where it does not.
    """
    if (
        who.form
        and not endpoint.open
        and not hmac.compare_digest(who.form.encode(), given.encode())
    ):
        raise Problem(403, "forged", "this form is not from this session; load the page again")
