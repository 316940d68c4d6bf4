"""
What a partner's OperationOutcome says, in words that hold no value of a message: issue codes and the places they name.

Diagnostics and details are never repeated: servers write what they were sent into them.
"""

from __future__ import annotations

import re

import msgspec

from engine.fhir import definitions

#: Issue types (FHIR R4, 4.3.14); a code that is none of them is not repeated.
CODES = frozenset(
    [
        "invalid",
        "structure",
        "required",
        "value",
        "invariant",
        "security",
        "login",
        "unknown",
        "expired",
        "forbidden",
        "suppressed",
        "processing",
        "not-supported",
        "duplicate",
        "multiple-matches",
        "not-found",
        "deleted",
        "too-long",
        "code-invalid",
        "extension",
        "too-costly",
        "business-rule",
        "conflict",
        "transient",
        "lock-error",
        "no-store",
        "exception",
        "timeout",
        "incomplete",
        "throttled",
        "informational",
    ]
)
#: Those that say: nothing is wrong with the message, try it again (the children of `transient`).
TRANSIENT = frozenset(
    ["transient", "lock-error", "no-store", "timeout", "incomplete", "throttled"]
)
#: A FHIRPath that names elements and nothing else; what stands behind is cut off.
_PLACE = re.compile(r"(?:[A-Za-z][A-Za-z]{0,63}(?:\[\d{1,6}\])?\.?){1,20}")
#: Issues that are told one by one.
_TOLD = 5


class Issue(msgspec.Struct, frozen=True):
    """One issue, as far as it is looked at."""

    severity: str = "error"
    code: str = "processing"
    expression: list[str] | None = None
    location: list[str] | None = None

    def is_error(self) -> bool:
        """Whether it is why something was not done."""
        return self.severity in ("error", "fatal")

    def words(self) -> str:
        """The code and the place, without a value."""
        code = self.code if self.code in CODES else "unknown"
        places = self.expression or [_as_path(each) for each in self.location or ()]
        place = _place(places[0]) if places else ""
        return f"{code} at {place}" if place else code


class Outcome(msgspec.Struct, frozen=True):
    """An OperationOutcome."""

    resourceType: str
    issue: list[Issue] = []


def outcome_of(body: bytes) -> Outcome | None:
    """The outcome that an answer holds; None where it holds none."""
    try:
        found = msgspec.json.decode(body, type=Outcome)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found.resourceType == "OperationOutcome" and found.issue else None


def words(outcome: Outcome) -> str:
    """
    >>> told = [Issue("error", "value", ["Patient.birthDate"]), Issue("warning", "code-invalid"), Issue("error", "Doe, Jane")]
    >>> words(Outcome("OperationOutcome", told))
    'value at Patient.birthDate; unknown'
    """
    errors = [issue for issue in outcome.issue if issue.is_error()] or outcome.issue
    said = list(dict.fromkeys(issue.words() for issue in errors))
    rest = len(said) - _TOLD
    told = "; ".join(said[:_TOLD])
    return f"{told}; and {rest} more" if rest > 0 else told


def codes(outcome: Outcome) -> set[str]:
    """The codes of what is wrong."""
    return {issue.code for issue in outcome.issue if issue.is_error()}


def is_transient(outcome: Outcome) -> bool:
    """Whether trying again later is all that it asks for."""
    found = codes(outcome)
    return bool(found) and found <= TRANSIENT


def _place(said: str) -> str:
    """
    A FHIRPath as far as it names elements of a resource, with their places; whatever else stands there is cut off.

    >>> _place("Patient.name[0].where(family='Doe').given"), _place("Observation.value.unit"), _place("Patient.jane.doe")
    ('Patient.name[0]', 'Observation.value.unit', 'Patient')
    >>> _place("Doe Jane 1970")
    ''
    """
    found = _PLACE.match(said)
    steps = found.group().rstrip(".").split(".") if found else [""]
    if not definitions.is_resource(steps[0]):
        return ""
    kept, inside = [steps[0]], steps[0]
    for step in steps[1:]:
        inside = _type_of(inside, step.partition("[")[0])
        if not inside:
            break
        kept.append(step)
    return ".".join(kept)


def _type_of(inside: str, name: str) -> str:
    """The type of an element, or of the first of its choices; empty where there is none of that name."""
    try:
        elements = definitions.of(inside).elements.values()
    except LookupError:
        return ""
    fitting = (
        one.type for one in elements if name in (one.name, one.choice.removesuffix("[x]"))
    )
    return next(fitting, "")


def _as_path(location: str) -> str:
    """
    The XPath that older servers give, as a FHIRPath.

    >>> _as_path("/f:Patient/f:name[1]/f:given")
    'Patient.name[1].given'
    """
    return location.strip("/").replace("f:", "").replace("/", ".")
