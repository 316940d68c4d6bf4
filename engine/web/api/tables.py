"""Data tables: what `lookup(...)` reads. List, rows, versions, missing keys; rows set, a sheet, back to an earlier version."""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.people.rights import Right
from engine.store.tables.drift import Drift, Missing
from engine.web.actions import tables as actions
from engine.web.actions.tables import Back, Preview, Published, SetRows, Sheet
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.problem import Problem
from engine.web.views import tables as views
from engine.web.views.tables import Diff, Release, Rows, Table, Which

Number = Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]


class Find(Which, frozen=True, kw_only=True):
    """Rows in which a text stands."""

    text: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """In any cell and any case; it stands in the body, for it may be somebody's data."""


class Between(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions."""

    before: Number = 0
    """0 = the one before `after`."""
    after: Number = 0
    """0 = the one in force."""


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """How far back to look."""

    days: Annotated[int, msgspec.Meta(ge=1, le=3660)] = 90


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a sheet would change, or what came of it."""

    preview: Preview | None = None
    published: Published | None = None


def listed(asked: Asked[Nothing, Nothing]) -> list[Table]:
    """All tables, by name."""
    return views.listed(asked)


def rows(asked: Asked[Which, Nothing]) -> Rows:
    """Rows in the order in which they came; recorded. `next` of the answer goes on."""
    return views.rows(asked, asked.path["name"], asked.query)


def find(asked: Asked[Nothing, Find]) -> Rows:
    """The same of rows in which a text stands."""
    return views.rows(asked, asked.path["name"], asked.body, asked.body.text)


def versions(asked: Asked[Nothing, Nothing]) -> list[Release]:
    """Its history, newest first."""
    return views.versions(asked, asked.path["name"])


def diff(asked: Asked[Between, Nothing]) -> Diff:
    """What differs between two versions; recorded."""
    return views.diff(asked, asked.path["name"], asked.query.before, asked.query.after)


def misses(asked: Asked[Nothing, Nothing]) -> list[Missing]:
    """Keys that were asked for and that it has not, most often first; recorded."""
    return views.misses(asked, asked.path["name"])


def drift(asked: Asked[Days, Nothing]) -> Drift:
    """Codes asked for and not found, rows that nobody used, codes that changed; recorded."""
    found = views.drifting(asked, asked.path["name"], asked.query.days)
    if found is None:
        raise Problem(409, "no_data", "this table has no data yet: import it")
    return found


def set_rows(asked: Asked[Nothing, SetRows]) -> Published:
    """Set rows and take rows away; the next message sees it."""
    return actions.set_rows(asked, asked.path["name"], asked.body)


def bring(asked: Asked[Nothing, Sheet]) -> Answer:
    """Take the rows of a CSV as the next version; with `preview` only say what would change."""
    name, body = asked.path["name"], asked.body
    content = body.csv.encode()
    if body.preview:
        views.look(asked, name, "what a sheet would change")
        return Answer(preview=actions.preview(asked, name, content))
    made = actions.bring(asked, name, content, body.reason, body.approved_by)
    return Answer(published=made)


def roll_back(asked: Asked[Nothing, Back]) -> Published:
    """Make the rows of an earlier version the next one."""
    return actions.roll_back(asked, asked.path["name"], asked.body)


endpoints = (
    get("/tables", listed, Right.VIEW, "Data tables.", gives=list[Table]),
    get("/tables/{name}/rows", rows, Right.VIEW, "Rows of a version; recorded.", query=Which, gives=Rows),
    post("/tables/{name}/rows/search", find, Right.VIEW, "Rows in which a text stands; recorded.", body=Find, gives=Rows, harmless=True),
    get("/tables/{name}/versions", versions, Right.VIEW, "Its history.", gives=list[Release]),
    get("/tables/{name}/diff", diff, Right.VIEW, "What differs between two versions; recorded.", query=Between, gives=Diff),
    get("/tables/{name}/misses", misses, Right.VIEW, "Keys asked for and missing; recorded.", gives=list[Missing]),
    get("/tables/{name}/drift", drift, Right.VIEW, "Its drift; recorded.", query=Days, gives=Drift),
    post("/tables/{name}/rows", set_rows, Right.TABLES, "Set rows and take rows away.", body=SetRows, gives=Published),
    post("/tables/{name}/import", bring, Right.TABLES, "Take the rows of a CSV, or say what would change.", body=Sheet, gives=Answer),
    post("/tables/{name}/rollback", roll_back, Right.TABLES, "Back to an earlier version.", body=Back, gives=Published),
)  # fmt: skip
