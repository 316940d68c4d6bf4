"""New versions of data tables: rows set and taken, a sheet, back to an earlier version. The store records who and why with the version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec

from engine.handling import table_changes, tables
from engine.mapping.lookups import Definition
from engine.people.rights import Right
from engine.store.tables import Changes, publishing, table_file
from engine.store.tables.form import TableFile
from engine.store.tables.publishing import Prepared
from engine.store.tables.sheet import NotImported
from engine.web.actions.messages import Reason, said
from engine.web.asked import Asked
from engine.web.problem import Problem
from engine.web.views import tables as views
from engine.web.views.messages import Text

#: Problems of a sheet that are told.
TOLD = 50


class SetRows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that are set, and rows that are taken away; the others stay."""

    rows: Annotated[list[dict[str, str]], msgspec.Meta(max_length=1000)] = []
    """Each by the names of its columns; one of the same key (and first day) takes its place."""
    remove: Annotated[list[dict[str, str]], msgspec.Meta(max_length=1000)] = []
    """The keys (and the first day) of rows that are taken away."""
    reason: Reason = ""
    """Why; kept with your name."""
    approved_by: Text = ""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A whole table as CSV."""

    csv: str
    """With a header; rows that are not in it are gone."""
    preview: bool = False
    """Whether only to say what would change."""
    reason: Reason = ""
    approved_by: Text = ""


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of an earlier version once more."""

    to: Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)] = 0
    """0 = the version before the one in force."""
    reason: Reason = ""
    approved_by: Text = ""


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    table: str
    version: int
    """The one that is in force now."""
    changes: Changes
    same: bool = False
    """Whether that said the same already: nothing was done."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a sheet would change."""

    after: int
    """The version that is in force."""
    rows: int
    same: bool
    unused: list[str]
    """Columns of the sheet that the table does not declare; they are left alone."""
    diff: views.Diff


def _definition(asked: Asked[Any, Any], name: str) -> Definition:
    views.need(asked, name, Right.TABLES)
    return tables.declared(asked.house.home, name)


def set_rows(asked: Asked[Any, Any], name: str, wanted: SetRows) -> Published:
    """Set rows and take rows away."""
    definition, why = _definition(asked, name), said(wanted.reason)
    if not (wanted.rows or wanted.remove):
        raise Problem(400, "no_rows", "name at least one row")
    home = asked.house.home
    with (
        _told(),
        table_changes.with_rows(
            home, definition, wanted.rows, wanted.remove, wanted.approved_by
        ) as prepared,
    ):
        return _publish(asked, prepared, why)


def preview(
    asked: Asked[Any, Any], name: str, content: bytes, encoding: str = "utf-8"
) -> Preview:
    """What a sheet would change; nothing counts yet."""
    definition, home = _definition(asked, name), asked.house.home
    with _told(), table_changes.sheet(home, definition, content, encoding) as prepared:
        wanted = prepared.wanted
        old = tables.opened(home, tables.versions(home, name)[-1]) if wanted.after else None
        new = TableFile(table_file(home, name, wanted.file))
        seen = tables.compared(old, new, wanted.after, wanted.after + 1, views.TOLD)
        return Preview(
            after=wanted.after,
            rows=wanted.rows,
            same=prepared.same,
            unused=list(prepared.unused),
            diff=views.told(seen),
        )


def bring(
    asked: Asked[Any, Any], name: str, content: bytes, reason: str, approver: str = "",
    encoding: str = "utf-8", after: int | None = None,
) -> Published:  # fmt: skip
    """Take the rows of a sheet as the next version. Problem where another one came since the preview (`after`)."""
    definition, why = _definition(asked, name), said(reason)
    home = asked.house.home
    with (
        _told(),
        table_changes.sheet(home, definition, content, encoding, approver) as prepared,
    ):
        if after is not None and prepared.wanted.after != after:
            raise Problem(409, "changed", "another version came in between: look at the preview again")  # fmt: skip
        return _publish(asked, prepared, why)


def _publish(asked: Asked[Any, Any], prepared: Prepared, reason: str) -> Published:
    wanted = prepared.wanted
    if prepared.same:
        return Published(
            table=wanted.table, version=wanted.after, changes=wanted.changes, same=True
        )
    number = table_changes.publish(asked.house.home, wanted, asked.person.name, reason)
    return Published(table=wanted.table, version=number, changes=wanted.changes)


def roll_back(asked: Asked[Any, Any], name: str, wanted: Back) -> Published:
    """The rows of an earlier version as a new one."""
    definition, why = _definition(asked, name), said(wanted.reason)
    home = asked.house.home
    made = publishing.rolled_back(home, definition, wanted.to, wanted.approved_by)
    number = table_changes.publish(home, made, asked.person.name, why)
    return Published(table=name, version=number, changes=made.changes)


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a sheet, by line and column, without the name of the file that it was kept in."""
    try:
        yield
    except NotImported as error:
        lines = [str(one) for one in error.problems[:TOLD]]
        more = [f"and {len(error.problems) - TOLD} more"] if len(error.problems) > TOLD else []
        raise Problem(422, "bad_sheet", "; ".join([*lines, *more])) from None
