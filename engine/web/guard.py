"""Who asks, whether they may, and whether the form is theirs. Deny by default."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request

from engine.people.rights import Person, Right
from engine.web.endpoint import Endpoint
from engine.web.house import House
from engine.web.problem import Problem

COOKIE = "corridor"
#: With TLS no other name of the same domain can set it (RFC 6265bis, 4.1.3.2).
_PREFIX = "__Host-"
#: What a page sends with what it asks by itself while nobody touches it: that does not keep a session open.
UNATTENDED = "x-unattended"
#: What concerns the whole house is not for people of some channels only: they could give themselves the others.
WHOLE = frozenset({Right.USERS, Right.AUDIT})
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


def cookie_name(request: Request) -> str:
    """The name of the session's cookie."""
    return _PREFIX + COOKIE if request.url.scheme == "https" else COOKIE


def session_of(request: Request) -> str:
    """The session's secret that the browser sends; empty where it sends none."""
    return request.cookies.get(cookie_name(request), "")


def still(request: Request, house: House, endpoint: Endpoint) -> bool:
    """Whether who began to listen may still listen. Listening does not keep a session open."""
    if "authorization" in request.headers:
        who = caller(request, house)
        person = who.person if who is not None else None
    else:
        session = house.directory.session(session_of(request), attended=False)
        person = session.person if session is not None else None
    return person is not None and _may(person, endpoint)


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
    cookie, attended = session_of(request), UNATTENDED not in request.headers
    session = house.directory.session(cookie, attended=attended) if cookie else None
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
    if endpoint.right is not None and not _may(who.person, endpoint):
        whole = " for all channels" if endpoint.right in WHOLE else ""
        raise Problem(403, "forbidden", f"this takes the right '{endpoint.right.value}'{whole}")
    _same_origin(request, endpoint)
    return who


def _may(person: Person, endpoint: Endpoint) -> bool:
    right = endpoint.right
    return right is None or (right in person.rights and not (right in WHOLE and person.tags))


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
