"""The audit trail verified and exported; both are recorded in it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from starlette.responses import Response, StreamingResponse

from engine.handling.auditing import exported
from engine.store import audit
from engine.web.asked import Asked
from engine.web.views.audit import Span
from engine.web.views.messages import moment

_KINDS = {"jsonl": "application/x-ndjson", "csv": "text/csv"}


def verify(asked: Asked[Any, Any]) -> audit.Verified:
    """Recompute the chain."""
    asked.audit("verify_audit", "audit trail")
    return audit.verify(asked.house.home)


def export(asked: Asked[Any, Any], span: Span) -> Response:
    """The records of a time as a file, which goes out as it is read."""
    since, until = moment(asked, span.since), moment(asked, span.until)
    asked.audit(
        "export_audit", f"audit trail, {span.form}", f"{span.since} {span.until}".strip()
    )
    lines = exported(audit.records(asked.house.home, since, until), span.form)
    name = f'attachment; filename="audit.{span.form}"'
    return StreamingResponse(
        _pieces(lines), media_type=_KINDS[span.form], headers={"content-disposition": name}
    )


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    """Lines in pieces of a few hundred: each piece is a way to a thread and back."""
    while piece := "".join(islice(lines, 500)):
        yield piece
