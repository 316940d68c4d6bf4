"""Data tables: the list, a table with its history, its rows, and everything that changes them."""

from __future__ import annotations

import io
from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from engine.errors import CommandError
from engine.handling import tables as data
from engine.people.rights import Right
from engine.web.actions import tables as actions
from engine.web.actions.messages import Reason
from engine.web.answering import Page, Redirect
from engine.web.asked import Asked
from engine.web.endpoint import Nothing, get, post
from engine.web.problem import Problem
from engine.web.views import tables as views
from engine.web.views.messages import Text

Number = Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]


class Query(views.Which, frozen=True, kw_only=True):
    """Which rows."""

    find: Text = ""
    """A search that is kept for this person: what is looked for may be somebody's data."""


class FindForm(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for."""

    text: Text = ""
    version: Number = 0


class RowForm(msgspec.Struct, frozen=True, kw_only=True):
    """One row, cell by cell."""

    cell: list[str] = []
    do: Text = "set"
    """set, remove."""
    reason: Reason = ""
    approved_by: Text = ""


class SheetForm(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet, and what kind of characters it has."""

    sheet: str = ""
    """Its bytes, one character each."""
    encoding: Text = "utf-8"


class YesForm(msgspec.Struct, frozen=True, kw_only=True):
    """The sheet that was looked at is wanted."""

    upload: Text = ""
    reason: Reason = ""
    approved_by: Text = ""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """Which version; 0 = the one in force."""

    version: Number = 0


def show(asked: Asked[Nothing, Nothing]) -> dict[str, Any]:
    """All tables."""
    return {"tables": views.listed(asked), "may_change": asked.may(Right.TABLES)}


def one(asked: Asked[Nothing, Nothing]) -> Any:
    """One table."""
    return _page(asked)


def _name(asked: Asked[Any, Any]) -> str:
    return asked.path["name"]


def _page(asked: Asked[Any, Any], why: str = "", **more: Any) -> Page:
    values = {
        "page": views.page(asked, _name(asked)),
        "may_change": asked.may(Right.TABLES),
        "may_look": asked.may(Right.TABLES) or asked.may(Right.CONTENT),
        "why": why,
        "missing": None,
        "drift": None,
        **more,
    }
    return Page("table.html", values, 409 if why else 200)


def _refused(asked: Asked[Any, Any], error: Exception) -> Page:
    if isinstance(error, Problem) and error.status in (403, 404):
        raise error
    return _page(asked, f"Nothing was changed: {error}.")


def misses(asked: Asked[Nothing, Nothing]) -> Any:
    """Which keys are missing, recorded before."""
    return _page(asked, missing=views.misses(asked, _name(asked)))


def drift(asked: Asked[Nothing, Nothing]) -> Any:
    """What the last 90 days say about it, recorded before."""
    return _page(asked, drift=views.drifting(asked, _name(asked), 90))


# -- rows --------------------------------------------------------------------------------------------------------


def rows(asked: Asked[Query, Nothing]) -> Any:
    """Its rows, recorded before."""
    query, name = asked.query, _name(asked)
    kept = asked.house.searches.find(query.find, asked.person.name) if query.find else None
    if query.find and kept is None:
        return Redirect(f"/tables/{name}/rows", "That search is over: search again.")
    try:
        shown = views.rows(asked, name, query, kept.value if kept else "")
    except CommandError as error:
        return _refused(asked, error)
    page = views.page(asked, name)
    values = {"rows": shown, "query": query, "text": kept.value if kept else "", "page": page}
    return Page("table_rows.html", {**values, "may_change": asked.may(Right.TABLES), "why": ""})


def find(asked: Asked[Nothing, FindForm]) -> Redirect:
    """Keep what is looked for here, and go on to an address that does not name it."""
    body, name = asked.body, _name(asked)
    views.need(asked, name, Right.TABLES, Right.CONTENT)
    text = body.text.strip()
    number = asked.house.searches.keep(asked.person.name, f"table {name}", text) if text else ""
    said = [f"{key}={value}" for key, value in (("version", body.version), ("find", number)) if value]  # fmt: skip
    return Redirect(f"/tables/{name}/rows" + (f"?{'&'.join(said)}" if said else ""))


def set_row(asked: Asked[Nothing, RowForm]) -> Any:
    """Set a row, or take one away."""
    body, name = asked.body, _name(asked)
    names = views.page(asked, name).columns
    row = dict(zip(names, body.cell, strict=False))
    if body.do == "remove":
        definition = data.declared(asked.house.home, name)
        first = (definition.effective.from_,) if definition.effective else ()
        row = {key: row.get(key, "") for key in (*definition.keys, *first)}
    wanted = actions.SetRows(
        rows=[] if body.do == "remove" else [row],
        remove=[row] if body.do == "remove" else [],
        reason=body.reason,
        approved_by=body.approved_by,
    )
    return _change(asked, lambda: actions.set_rows(asked, name, wanted))


def _change(asked: Asked[Any, Any], change: Any) -> Any:
    try:
        made = change()
    except (Problem, CommandError) as error:
        return _refused(asked, error)
    said = f"version {made.version} says the same already" if made.same else f"version {made.version} is in force"  # fmt: skip
    return Redirect(f"/tables/{_name(asked)}", f"{_name(asked)}: {said}.")


# -- sheets and versions -----------------------------------------------------------------------------------------


def look_at(asked: Asked[Nothing, SheetForm]) -> Any:
    """What a sheet would change, before it counts."""
    body, name = asked.body, _name(asked)
    content = body.sheet.encode("latin-1")
    if not content:
        return _refused(asked, Problem(400, "no_sheet", "choose a CSV file first"))
    views.look(asked, name, "what a sheet would change")
    try:
        seen = actions.preview(asked, name, content, body.encoding)
    except (Problem, CommandError) as error:
        return _refused(asked, error)
    who = asked.person.name
    upload = asked.house.uploads.keep(who, name, content, body.encoding, seen.after)
    values = {"seen": seen, "upload": upload, "page": views.page(asked, name)}
    return Page("table_diff.html", {**values, "diff": seen.diff, "may_change": True})


def bring(asked: Asked[Nothing, YesForm]) -> Any:
    """The sheet that was looked at counts from now on."""
    body, name, uploads = asked.body, _name(asked), asked.house.uploads
    kept = uploads.find(body.upload, asked.person.name, name)
    if kept is None:
        return _refused(asked, Problem(409, "gone", "that sheet is kept no more: choose the file again"))  # fmt: skip
    answer = _change(asked, lambda: actions.bring(asked, name, kept.content, body.reason, body.approved_by, kept.encoding, kept.after))  # fmt: skip
    if isinstance(answer, Redirect):
        uploads.drop(body.upload)
    return answer


def compare(asked: Asked[Nothing, Nothing]) -> Any:
    """What a version changed against the one before, recorded before."""
    name, text = _name(asked), asked.path["version"]
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 9):
        raise Problem(404, "not_found", "there is no such version")
    seen = views.diff(asked, name, 0, int(text))
    values = {"diff": seen, "seen": None, "upload": "", "page": views.page(asked, name)}
    return Page("table_diff.html", {**values, "may_change": asked.may(Right.TABLES)})


def roll_back(asked: Asked[Nothing, actions.Back]) -> Any:
    """The rows of an earlier version once more."""
    return _change(asked, lambda: actions.roll_back(asked, _name(asked), asked.body))


def export(asked: Asked[Version, Nothing]) -> Response:
    """A version as CSV, recorded before."""
    name = _name(asked)
    views.look(asked, name, f"an export of version {asked.query.version or 'in force'}")
    home, target = asked.house.home, io.StringIO()
    one = data.version(data.versions(home, name), asked.query.version)
    data.write(data.opened(home, one), target)
    headers = {"content-disposition": f'attachment; filename="{name}-{one.version}.csv"'}
    return Response(target.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


endpoints = (
    get("/tables", show, Right.VIEW, "Data tables.", template="tables.html"),
    get("/tables/{name}", one, Right.VIEW, "A table and its history."),
    post("/tables/{name}/misses", misses, Right.VIEW, "Which keys are missing; recorded."),
    post("/tables/{name}/drift", drift, Right.VIEW, "Its drift; recorded."),
    get("/tables/{name}/rows", rows, Right.VIEW, "Its rows; recorded.", query=Query),
    post("/tables/{name}/find", find, Right.VIEW, "Rows in which a text stands.", body=FindForm),
    post("/tables/{name}/rows", set_row, Right.TABLES, "Set a row, or take it away.", body=RowForm),
    post("/tables/{name}/sheet", look_at, Right.TABLES, "What a sheet would change.", body=SheetForm),
    post("/tables/{name}/import", bring, Right.TABLES, "Take the sheet.", body=YesForm),
    get("/tables/{name}/versions/{version}", compare, Right.VIEW, "What a version changed; recorded."),
    post("/tables/{name}/rollback", roll_back, Right.TABLES, "Back to an earlier version.", body=actions.Back),
    get("/tables/{name}/export", export, Right.VIEW, "A version as CSV; recorded.", query=Version),
)  # fmt: skip
