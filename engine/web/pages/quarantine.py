"""What is held and needs a person: by cause; one cause with what it holds and what can be done about it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from engine.errors import CommandError
from engine.handling.tables import declared
from engine.people.rights import Right
from engine.store.tables.drift import Missing
from engine.store.tables.sheet import columns_of
from engine.web.actions import messages
from engine.web.actions import quarantine as actions
from engine.web.actions import tables as table_actions
from engine.web.actions.messages import Reason
from engine.web.actions.quarantine import Chosen
from engine.web.answering import Page, Redirect
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.problem import Problem
from engine.web.views import quarantine as views
from engine.web.views import tables
from engine.web.views.messages import Text

#: Missing keys that one form takes.
ROWS = 8


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the list."""

    before: Text = ""


class DoForm(msgspec.Struct, frozen=True, kw_only=True):
    """What is done, and with which."""

    do: Literal["resubmit", "assign", "comment", "close"]
    all: str = ""
    """Where it says something: all that the cause holds, not those ticked."""
    ids: list[Text] = []
    to: Text = ""
    text: str = ""
    reason: Reason = ""


class RowsForm(msgspec.Struct, frozen=True, kw_only=True):
    """Rows for the table, cell by cell."""

    cell: list[str] = []
    rate: messages.Rate = 10.0
    reason: Reason = ""
    approved_by: Text = ""


def show(asked: Asked[views.Which, Nothing]) -> dict[str, Any]:
    """Every cause."""
    seen, complete = views.everything(asked)
    everything = views.fitting(asked, seen, complete, views.Which())
    some, why = everything, ""
    try:
        some = views.fitting(asked, seen, complete, asked.query)
    except Problem as problem:
        some = views.Groups(groups=[], items=0, more=0, complete=True)
        why = f"{problem.detail}."
    return {
        "found": some,
        "all": everything,
        "query": asked.query,
        "why": why,
        "reasons": sorted({one.reason for one in seen}),
        "channels": sorted({one.channel for one in seen}),
        "owners": sorted({one.owner for one in seen if one.owner}),
    }


def one(asked: Asked[Query, Nothing]) -> Any:
    """One cause."""
    return _page(asked, asked.query.before)


def _page(asked: Asked[Any, Any], before: str = "", why: str = "", missing: list[Missing] | None = None) -> Page:  # fmt: skip
    page = views.items(asked, views.Items(group=asked.path["group"], before=before))
    channel, table = page.group.channel, page.group.table
    values = {
        "page": page,
        "group": page.group,
        "why": why,
        "before": before,
        "may": {right.name.lower(): asked.may(right, channel) for right in Right},
        "people": [one.name for one in asked.house.directory.accounts() if not one.disabled],
        "may_fix": bool(table) and asked.may(Right.TABLES) and asked.may(Right.REPLAY, channel),
        "may_look": bool(table) and (asked.may(Right.TABLES) or asked.may(Right.CONTENT)),
        "missing": missing,
        "shape": _shape(asked, table) if missing is not None else None,
        "most": ROWS,
    }
    return Page("quarantine_group.html", values, 409 if why else 200)


def _shape(asked: Asked[Any, Any], table: str) -> dict[str, Any]:
    definition = declared(asked.house.home, table)
    return {"keys": definition.keys, "columns": columns_of(definition)[len(definition.keys) :]}


def _refused(asked: Asked[Any, Any], error: Exception, missing: list[Missing] | None = None) -> Page:  # fmt: skip
    if isinstance(error, Problem) and error.status in (403, 404):
        raise error
    return _page(asked, why=f"Nothing was done: {error}.", missing=missing)


def do(asked: Asked[Nothing, DoForm]) -> Any:
    """Assign, comment, put away, or prepare a job that sends them once more."""
    body, group = asked.body, asked.path["group"]
    if not body.all and not body.ids:
        return _refused(asked, Problem(400, "nothing_chosen", "tick the messages that you mean, or choose all"))  # fmt: skip
    which = Chosen(group=group) if body.all else Chosen(ids=body.ids)
    try:
        if body.do == "resubmit":
            job, _, _ = actions.prepare(asked, which)
            return Redirect(f"/replays/{job.id}")
        done, said = _done(asked, body, which)
    except (Problem, CommandError) as error:
        return _refused(asked, error)
    left = f" {done.left} could not be." if done.left else ""
    return _back(asked, f"{done.items} {said}.{left}")


def _done(asked: Asked[Any, Any], body: DoForm, which: Chosen) -> tuple[actions.Done, str]:
    if body.do == "assign":
        to = asked.person.name if body.to == "me" else body.to
        return actions.assign(asked, which, body.to), f"assigned to {to}" if to else "assigned to nobody"  # fmt: skip
    if body.do == "comment":
        return actions.comment(asked, which, body.text), "commented on"
    return actions.close(asked, which, body.reason), "put away without sending"


def _back(asked: Asked[Any, Any], said: str) -> Redirect:
    """To the cause, or to the list where it holds nothing any more."""
    group = asked.path["group"]
    held = views.reader(asked).group(group) is not None
    return Redirect(f"/quarantine/{group}" if held else "/quarantine", said)


def keys(asked: Asked[Nothing, Nothing]) -> Any:
    """Which keys the table lacks, recorded before."""
    group, _ = views.group(asked, asked.path["group"])
    if not group.table:
        raise Problem(409, "no_table", "no data table holds these back")
    found = tables.misses(asked, group.table, f"held messages of {group.channel}")
    return _page(asked, missing=_latest(found, group))


def _latest(found: list[Missing], group: views.Group) -> list[Missing]:
    """Those asked for since the oldest of these came, the latest first."""
    since = [one for one in found if one.last_at >= group.oldest - 60]
    return sorted(since or found, key=lambda one: -one.last_at)


def rows(asked: Asked[Nothing, RowsForm]) -> Any:
    """Add rows to the table, then send all that this cause holds once more."""
    body = asked.body
    group, _ = views.group(asked, asked.path["group"])
    asked.need(Right.REPLAY, group.channel)
    names = columns_of(declared(asked.house.home, group.table))
    cells = [body.cell[at : at + len(names)] for at in range(0, len(body.cell), len(names))]
    keyed = len(declared(asked.house.home, group.table).keys)
    filled = [dict(zip(names, row, strict=False)) for row in cells if any(one.strip() for one in row[keyed:])]  # fmt: skip
    wanted = table_actions.SetRows(
        rows=filled, reason=body.reason, approved_by=body.approved_by
    )
    try:
        made = table_actions.set_rows(asked, group.table, wanted)
        again = actions.Resubmit(
            chosen=Chosen(group=group.id), rate=body.rate, reason=body.reason
        )
        job = actions.resubmit(asked, again)
    except (Problem, CommandError) as error:
        found = tables.misses(asked, group.table, f"held messages of {group.channel}")
        return _refused(asked, error, _latest(found, group))
    return Redirect(f"/replays/{job.id}", f"{group.table} has version {made.version} now; what it held is sent once more.")  # fmt: skip


endpoints = (
    get("/quarantine", show, Right.VIEW, "What is held, by cause.", query=views.Which, template="quarantine.html"),
    get("/quarantine/{group}", one, Right.VIEW, "One cause and what it holds.", query=Query),
    post("/quarantine/{group}", do, Right.VIEW, "Assign, comment, put away, send once more.", body=DoForm),
    post("/quarantine/{group}/keys", keys, Right.VIEW, "Which keys a table lacks; recorded."),
    post("/quarantine/{group}/rows", rows, Right.TABLES, "Add rows to the table and send all once more.", body=RowsForm),
)  # fmt: skip
