"""Values to pages: templates with everything escaped, numbers, times and states in the words that the CLI has too."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

import jinja2
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.message import short_id
from engine.people.rights import Right
from engine.web.content import SHOWN, lines, visible

if TYPE_CHECKING:
    from engine.web.asked import Asked
    from engine.web.guard import Caller
    from engine.web.house import House
    from engine.web.problem import Details

_FOLDER = Path(__file__).parent


def span(seconds: float) -> str:
    """
    A length of time as people say it.

    >>> span(0.04), span(5), span(90), span(7300), span(200_000)
    ('40 ms', '5 s', '90 s', '2 h', '2 d')
    """
    for limit, unit, word in ((1, 0.001, "ms"), (120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):  # fmt: skip
        if seconds < limit:
            return f"{seconds / unit:.0f} {word}"
    return f"{seconds / 86400:.0f} d"


def ago(at: float) -> str:
    """How long ago a moment was; empty where there was none."""
    return f"{span(max(0.0, time.time() - at))} ago" if at else ""


def number(value: float) -> str:
    """
    A count with thin gaps.

    >>> number(1234567)
    '1\\u202f234\\u202f567'
    """
    return f"{value:,.0f}".replace(",", "\u202f")


def size(value: int) -> str:
    """
    A number of bytes.

    >>> size(900), size(2048), size(5_000_000)
    ('900 B', '2 KB', '4.8 MB')
    """
    if value < 1024:
        return f"{value} B"
    return f"{value / 1024:.0f} KB" if value < 1024**2 else f"{value / 1024**2:.1f} MB"


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "span": span,
        "ago": ago,
        "number": number,
        "size": size,
        "short": short_id,
    }
    made.filters["visible"] = lambda text: visible(str(text))
    made.filters["lines"] = lambda text: lines(str(text)[:SHOWN])
    made.filters["words"] = lambda text: str(text).replace("_", " ")
    made.filters["part"] = lambda text: quote(str(text), safe="")
    made.globals["Right"] = Right
    return made


def render(
    asked: Asked[Any, Any], template: str, values: dict[str, Any], *, fragment: bool
) -> str:
    """A page for somebody; with `fragment` without the frame around it, for a part that is exchanged."""
    return _rendered(
        asked.house, asked.person, asked.form, template, values, _said(asked), fragment
    )


def part(asked: Asked[Any, Any], template: str, values: dict[str, Any]) -> str:
    """A piece of a page, by a template that extends nothing."""
    return _rendered(asked.house, asked.person, asked.form, template, values, "", True)


def error_page(house: House, who: Caller | None, facts: Details, *, fragment: bool) -> str:
    """What went wrong, and what to do."""
    person = who.person if who is not None else None
    return _rendered(house, person, "", "error.html", {"problem": facts}, "", fragment)


def _rendered(
    house: House, person: Any, form: str, template: str, values: dict[str, Any], said: str, fragment: bool
) -> str:  # fmt: skip
    zone = ZoneInfo(house.installation.zone)

    def clock(at: float, pattern: str = "%H:%M:%S") -> str:
        return datetime.fromtimestamp(at, UTC).astimezone(zone).strftime(pattern) if at else ""

    around = {
        "installation": house.installation,
        "person": person,
        "form_word": form,
        "said": said,
        "frame": "fragment.html" if fragment else "frame.html",
        "clock": clock,
        "now": time.time(),
    }
    return _environment().get_template(template).render(**around, **values)


def _said(asked: Asked[Any, Any]) -> str:
    """What the form before this page did; shown once."""
    said = asked.cookies.get("said", "")
    if said and "said" not in asked.set_cookies:
        asked.set_cookies["said"] = ""
    return unquote(said)[:500]


def cookie_text(text: str) -> str:
    """A sentence as a cookie can carry it."""
    return quote(text[:500], safe="")


def to_sign_in(request: Request) -> Response:
    """To the sign-in page, and back afterwards."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = f"?back={quote(path, safe='')}" if request.method == "GET" and path != "/" else ""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"hx-redirect": f"/sign-in{back}"})
    return RedirectResponse(f"/sign-in{back}", 303)
