"""What a request asks for, by its method and path (HL7 FHIR R4 3.1.0.1, the table of interactions)."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

import msgspec

from engine.errors import EngineError
from engine.fhir import definitions
from engine.message import Inbound

#: A logical id (FHIR R4 2.24.0.1), but for `.` and `..`, which would lead somewhere else in a URL (RFC 3986 5.2.4).
_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9\-.]{1,64}")
_OPERATION = re.compile(r"\$[A-Za-z][A-Za-z0-9\-]{0,63}")
#: Requests that write one resource.
WRITES = frozenset({"create", "update", "patch", "delete"})
#: Requests that ask, whose answer is made by a destination.
QUESTIONS = frozenset({"read", "vread", "search"})


class Refusal(EngineError):
    """A request that is refused: status, the outcome's issue code (FHIR R4 issue-type) and a sentence without a value."""

    def __init__(self, status: int, code: str, why: str, headers: str = "") -> None:
        super().__init__(why)
        self.status, self.code, self.why, self.headers = status, code, why, headers


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What one request asks for."""

    interaction: str
    """A code of FHIR's restful interactions, `bundle` (a POST to the base), `operation`, or one of our own pages."""
    type: str = ""
    id: str = ""
    operation: str = ""
    """With its `$`."""
    inside: str = ""
    """The type searched for in a compartment: `GET Patient/1/Observation`; `*` = any."""
    version: str = ""


@lru_cache(maxsize=1024)
def asked(method: str, below: str) -> Asked:
    """
    What `method` asks at a path below the base. Refusal 404 where nothing is there, 405 where it is not done there.

    >>> asked("PUT", "/Patient/7").interaction, asked("GET", "/Patient/7/_history/2").version
    ('update', '2')
    """
    steps = [unquote(step) for step in below.strip("/").split("/")] if below.strip("/") else []
    able = _able(steps)
    found = able.get("GET" if method == "HEAD" else method)
    if found is None:
        names = [*able, *(["HEAD"] if "GET" in able else [])]
        allow = f"Allow: {', '.join(sorted(names))}\r\n"
        raise Refusal(405, "not-supported", f"{method} is not done at this path", allow)
    return found


def _able(steps: list[str]) -> dict[str, Asked]:
    """What the methods ask for at a path."""
    if not steps:
        return {"GET": Asked(interaction="search-system"), "POST": Asked(interaction="bundle")}
    first, *rest = steps
    if first == "metadata" and not rest:
        return {"GET": Asked(interaction="capabilities")}
    if steps == [".well-known", "smart-configuration"]:
        return {"GET": Asked(interaction="smart-configuration")}
    if steps == ["auth", "token"]:
        return {"POST": Asked(interaction="token")}
    if not rest and (first.startswith("_") or _OPERATION.fullmatch(first)):
        return _special(first, "", "")
    if not definitions.is_resource(first):
        raise Refusal(404, "not-found", "there is no resource type of this name in FHIR R4")
    return _of_type(first, rest)


def _special(step: str, type_: str, id: str) -> dict[str, Asked]:
    """`_search`, `_history` and operations, which stand on every level."""
    if _OPERATION.fullmatch(step):
        one = Asked(interaction="operation", type=type_, id=id, operation=step)
        return {"GET": one, "POST": one}
    if step == "_search" and not id:
        return {"POST": Asked(interaction="search" if type_ else "search-system", type=type_)}
    if step == "_history":
        return {"GET": Asked(interaction="history", type=type_, id=id)}
    raise _nothing()


def _of_type(type_: str, rest: list[str]) -> dict[str, Asked]:
    if not rest:
        return {
            "GET": Asked(interaction="search", type=type_),
            "POST": Asked(interaction="create", type=type_),
            **_writing(type_, ""),
        }
    step, *more = rest
    if step.startswith(("_", "$")):
        return _special(step, type_, "") if not more else _nowhere()
    if _ID.fullmatch(step) is None:
        raise Refusal(404, "not-found", "what stands behind the type is no id")
    if not more:
        return {"GET": Asked(interaction="read", type=type_, id=step), **_writing(type_, step)}
    return _of_instance(type_, step, more)


def _of_instance(type_: str, id: str, more: list[str]) -> dict[str, Asked]:
    step, *last = more
    if step == "_history" and len(last) == 1 and _ID.fullmatch(last[0]):
        return {"GET": Asked(interaction="vread", type=type_, id=id, version=last[0])}
    if step == "*" or definitions.is_resource(step):
        one = Asked(interaction="search", type=type_, id=id, inside=step)
        if not last:
            return {"GET": one}
        return {"POST": one} if last == ["_search"] else _nowhere()
    return _special(step, type_, id) if not last else _nowhere()


def _writing(type_: str, id: str) -> dict[str, Asked]:
    ways = {"PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    return {method: Asked(interaction=way, type=type_, id=id) for method, way in ways.items()}


def _nowhere() -> dict[str, Asked]:
    raise _nothing()


def _nothing() -> Refusal:
    return Refusal(404, "not-found", "there is nothing at this path")


def is_id(said: object) -> bool:
    """Whether it can be a logical id."""
    return isinstance(said, str) and _ID.fullmatch(said) is not None


def asks(inbound: Inbound) -> bool:
    """Whether a message that came over FHIR asks something: only a destination has the answer."""
    return (inbound.facts or {}).get("interaction", "") in QUESTIONS
