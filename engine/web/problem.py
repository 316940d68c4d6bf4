"""Everything that can go wrong, in one shape: problem details (RFC 9457), with the number of the request."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from engine.errors import EngineError, MessageError, StoreError


class Problem(EngineError):
    """A request that cannot be answered. `detail` is for people and never holds a value of a message."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status, self.code, self.detail = status, code, detail
        super().__init__(detail)


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What an error answers (`application/problem+json`)."""

    type: str
    """A word for programs: `not_found`."""
    title: str
    """The status in words."""
    status: int
    detail: str
    """A sentence for people: what is wrong and what to do."""
    instance: str
    """The number of the request; it stands in the console's log too."""


def details(problem: Problem, request: str) -> Details:
    """A problem as it is answered."""
    return Details(
        type=problem.code,
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=problem.detail,
        instance=request,
    )


def unknown(what: str) -> Problem:
    """There is no such thing, or not for this person: which of the two is nobody's business."""
    return Problem(404, "not_found", f"there is no {what} here that you may see")


def problem_of(error: Exception) -> Problem:
    """Any error as a problem; what was not foreseen says no more than that."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, (msgspec.ValidationError, msgspec.DecodeError)):
        return Problem(400, "bad_request", _shape(error))
    if isinstance(error, MessageError):
        return Problem(422, error.code, str(error))
    if isinstance(error, StoreError):
        return Problem(503, "store", str(error))
    if isinstance(error, EngineError):
        return Problem(409, "cannot", str(error))
    return Problem(
        500, "console_error", "the console could not do this; its log has the number"
    )


def _shape(error: Exception) -> str:
    """
    What msgspec says of types and places, without the value that it quotes of an enumeration.

    >>> _shape(ValueError("Invalid enum value 'Smith' - at `$.state`"))
    'Invalid enum value - at `$.state`'
    """
    text = str(error)
    if "Invalid enum value" not in text:
        return text
    place = text.rpartition(" - at ")[2]
    return f"Invalid enum value - at {place}" if place.startswith("`") else "Invalid enum value"
