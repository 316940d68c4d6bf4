"""The search for messages, by filters in the address and by keys that never stand there."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlencode

import msgspec

from engine.errors import StoreError
from engine.people.rights import Right
from engine.web.actions import messages as actions
from engine.web.actions.messages import Chosen
from engine.web.answering import Redirect
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.jobs import Verb
from engine.web.problem import Problem
from engine.web.views import messages as views
from engine.web.views.messages import Filters, Text


class Query(Filters, frozen=True, kw_only=True):
    """What stands in the address."""

    search: Text = ""
    """A search by key that is kept for this person."""


class KeyForm(Filters, frozen=True, kw_only=True):
    """A search by key, and what else is filtered."""

    key: Text = ""
    value: Text = ""
    reason: actions.Reason = ""


class ChosenForm(Query, frozen=True, kw_only=True):
    """Which messages, and what is to be done with them."""

    do: Verb = "replay"
    ids: list[Text] = msgspec.field(default_factory=list)
    all: str = ""
    """Where it says something: all that fit, not those ticked."""


def address(filters: Filters, **more: str) -> str:
    """The search as an address, to be shared: filters and ids, never a value of a key."""
    given = {**msgspec.structs.asdict(filters), **more}
    named = {
        name: given[name]
        for name in Query.__struct_fields__
        if given.get(name) and (name, given[name]) != ("limit", 50)
    }
    return "/messages" + (f"?{urlencode(named)}" if named else "")


def show(asked: Asked[Query, Nothing]) -> Any:
    """One page of the list. What cannot be read or takes too long is told above the empty list."""
    query, why, page = asked.query, "", views.Page(messages=[], before="", looked_back_to=0.0)
    kept, key = _key(asked, query.search)
    if query.search and kept is None:
        why = "This search by key was somebody else's, or is over: search again."
    else:
        try:
            page = views.page(asked, query, key)
        except (Problem, StoreError) as error:
            why = f"{str(error)[:1].upper()}{str(error)[1:]}."
    seen = views.visible(asked)
    stations = asked.house.stations()
    return {
        "query": query,
        "page": page,
        "why": why,
        "kept": kept,
        "filtered": _plain(query) != Filters() or kept is not None,
        "channels": sorted(name for name in stations if seen is None or name in seen),
        "verdicts": get_args(views.Verdict)[1:],
        "states": get_args(views.State)[1:],
        "older": address(query, before=page.before),
        "newest": address(query, before=""),
        "without_key": address(query, search="", before=""),
    }


def _plain(query: Filters) -> Filters:
    names = Filters.__struct_fields__
    values = {name: getattr(query, name) for name in names}
    return Filters(**{**values, "before": "", "limit": 50})


def _key(asked: Asked[Any, Any], search: str) -> tuple[Any, tuple[str, str] | None]:
    kept = asked.house.searches.find(search, asked.person.name) if search else None
    return kept, None if kept is None else (kept.name, kept.value)


def by_key(asked: Asked[Nothing, KeyForm]) -> Any:
    """Record the search, keep it here, and go on to an address that does not name the value."""
    body = asked.body
    if not body.value.strip():
        return Redirect(address(_plain(body)), "Say which value the key has.")
    asked.audit("search_by_key", f"key {body.key}" if body.key else "any key", body.reason)
    kept = asked.house.searches.keep(asked.person.name, body.key.strip(), body.value.strip())
    return Redirect(address(_plain(body), search=kept))


def choose(asked: Asked[Nothing, ChosenForm]) -> Any:
    """Prepare a job about the messages that are meant, and go on to its page."""
    body = asked.body
    kept, key = _key(asked, body.search)
    filters = _plain(body)
    if not body.all and not body.ids:
        return Redirect(
            address(body), "Tick the messages that you mean, or choose all that fit."
        )
    chosen = Chosen() if body.all else Chosen(ids=body.ids)
    if body.all:
        chosen = Chosen(filters=filters)
    try:
        found = actions.choose(asked, chosen, key if body.all else None)
        about = _about(filters, kept) if body.all else "chosen by hand"
        job = actions.prepare(asked, body.do, found, about)
    except Problem as problem:
        if problem.status != 409 and problem.code != "nothing_chosen":
            raise
        return Redirect(address(body), f"Nothing was done: {problem.detail}.")
    return Redirect(f"/replays/{job.id}")


def _about(filters: Filters, kept: Any) -> str:
    """
    The filters in words, without the value of a key.

    >>> _about(Filters(channel="lab", since="2h"), None)
    'since 2h, channel lab'
    """
    named = {name: getattr(filters, name) for name in ("since", "until", "channel", "kind", "verdict", "state", "control")}  # fmt: skip
    said = [f"{name} {value}" for name, value in named.items() if value]
    if kept is not None:
        said.append(f"key {kept.name or 'of any name'}")
    return ", ".join(said)


endpoints = (
    get("/messages", show, Right.VIEW, "Messages.", query=Query, template="messages.html"),
    post("/messages/search", by_key, Right.CONTENT, "Search by key.", body=KeyForm),
    post("/messages/chosen", choose, Right.VIEW, "Do something with many.", body=ChosenForm),
)
