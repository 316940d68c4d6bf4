"""One request, as a handler sees it."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from engine.people.rights import Person, Right
from engine.web.house import House
from engine.web.problem import Problem, unknown

Query = TypeVar("Query")
Body = TypeVar("Body")


class Asked(Generic[Query, Body]):
    """Who asks, of which house, with what."""

    def __init__(
        self, *, house: House, person: Person, path: dict[str, str], query: Query, body: Body,
        form: str = "", address: str = "", cookies: dict[str, str] | None = None, session: str = "",
    ) -> None:  # fmt: skip
        self.house, self.person = house, person
        self.path = path
        """What stands in the path's holes."""
        self.query, self.body = query, body
        self.form = form
        """What every form of this session carries; empty for a token."""
        self.address = address
        self.session = session
        """The secret of the session; empty for a token."""
        self.cookies = cookies or {}
        self.set_cookies: dict[str, str] = {}
        """Cookies to set with the answer; an empty value ends one."""

    def may(self, right: Right, channel: str | None = None) -> bool:
        """Whether they may do something, to a channel where one is named."""
        return self.person.may(right, None if channel is None else self.tags(channel))

    def need(self, right: Right, channel: str) -> None:
        """Problem where they may not do this to that channel; one they may not see is not there."""
        if not self.may(Right.VIEW, channel):
            raise unknown("channel of that name")
        if not self.may(right, channel):
            raise Problem(
                403, "forbidden", f"this takes the right '{right.value}' for this channel"
            )

    def tags(self, channel: str) -> list[str]:
        """The tags of a channel; none where it is not running."""
        return list(self.house.stations().get(channel, {}).get("tags", ()))

    def order(self, verb: str, arguments: dict[str, Any], reason: str = "") -> dict[str, Any]:
        """Order something of the engine in their name."""
        return self.house.order(verb, arguments, self.person.name, reason)

    def audit(self, action: str, what: str, reason: str = "") -> None:
        """Write an audit record in their name, before what it says happens."""
        self.house.audit(self.person.name, action, what, reason)
