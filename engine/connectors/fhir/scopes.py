"""SMART scopes of systems: `system/Patient.c`, `system/*.cruds`, and as version 1 wrote them, `system/Patient.read`."""

from __future__ import annotations

import re

import msgspec

from engine.connectors.fhir.interactions import Refusal

_SCOPE = re.compile(r"system/(\*|[A-Z][A-Za-z]*)\.(read|write|\*|c?r?u?d?s?)")
#: Parameters of a search that bring resources of other types along, or lead through them (FHIR R4 3.1.1.5, 3.1.1.4.5); a chain
#: (`patient.name`, 3.1.1.4.4) does as well, and no parameter of R4 has a dot in its name otherwise.
_REACHING = ("_include", "_revinclude", "_has")
#: What version 1 calls the letters of version 2 (SMART App Launch 2.2.0, scopes and launch context).
_OLD = {"read": "rs", "write": "cud", "*": "cruds"}
#: The letter that an interaction needs.
LETTERS = {
    "create": "c", "read": "r", "vread": "r", "history": "r", "update": "u", "patch": "u", "delete": "d", "search": "s",
}  # fmt: skip


class Scopes(msgspec.Struct, frozen=True):
    """What somebody may do: letters of `cruds` by resource type, `*` = any."""

    letters: dict[str, frozenset[str]] = {}

    def allow(self, interaction: str, type_: str) -> bool:
        """
        Whether an interaction with a type may be done.

        >>> read("system/Patient.c").allow("create", "Patient"), read("system/*.read").allow("create", "Patient")
        (True, False)
        """
        needed = LETTERS[interaction]
        return needed in self._of(type_)

    def _of(self, type_: str) -> frozenset[str]:
        return self.letters.get(type_, frozenset()) | self.letters.get("*", frozenset())

    def within(self, wider: Scopes) -> Scopes:
        """
        What is asked, as far as `wider` has it.

        >>> read("system/*.cruds").within(read("system/Patient.rs")).text()
        'system/Patient.rs'
        """
        found: dict[str, frozenset[str]] = {}
        for type_, letters in self.letters.items():
            names = wider.letters if type_ == "*" else (type_,)
            for name in names:
                if granted := letters & wider._of(name):
                    found[name] = found.get(name, frozenset()) | granted
        return Scopes(found)

    def text(self) -> str:
        """As a token's `scope` says it."""
        return " ".join(
            f"system/{type_}.{''.join(letter for letter in 'cruds' if letter in letters)}"
            for type_, letters in self.letters.items()
        )


#: Everything: what callers may who show no token of ours.
ALL = Scopes({"*": frozenset("cruds")})


def read(text: str) -> Scopes:
    """
    Scopes as they are asked for; what is no scope of a system is left out (RFC 6749 3.3).

    >>> read("system/Patient.read openid system/Observation.c").text()
    'system/Patient.rs system/Observation.c'
    """
    found: dict[str, frozenset[str]] = {}
    for word in text.split():
        match = _SCOPE.fullmatch(word.partition("?")[0])
        if match is not None and match[2] and "?" not in word:
            letters = frozenset(_OLD.get(match[2], match[2]))
            found[match[1]] = found.get(match[1], frozenset()) | letters
    return Scopes(found)


def check_reach(query: list[tuple[str, str]], scopes: Scopes) -> None:
    """Refusal 403 where a search would bring resources along whose type the scopes may not name."""
    reaching = any(name.partition(":")[0] in _REACHING or "." in name for name, _ in query)
    if reaching and not scopes.allow("search", "*"):
        raise beyond("the token's scopes do not allow a search that reaches other types")


def beyond(why: str) -> Refusal:
    """403: the scopes do not go so far (RFC 6750 3.1)."""
    headers = 'WWW-Authenticate: Bearer realm="corridor", error="insufficient_scope"\r\n'
    return Refusal(403, "forbidden", why, headers)


def is_scope(word: str) -> bool:
    """Whether a word is a scope that a client here can have."""
    return bool(read(word).letters)
