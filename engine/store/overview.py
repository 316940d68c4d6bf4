"""What the read side says about the whole: counters, groups that wait, memory and sequences, the audit trail."""

from __future__ import annotations

import json
import zlib
from typing import Any

import msgspec

from engine.effects import OUTCOMES
from engine.errors import StoreError
from engine.store.audit import record_of
from engine.store.releases import Kept, kept
from engine.store.schema import STATES, TEST, VERDICTS

#: Above every number and every time.
_LAST = 1 << 62


class Overview:
    """The part of `SqliteArchive` that looks at no single message."""

    def rows(self, query: str, *values: Any) -> list[Any]:
        """The rows of a named query."""
        raise NotImplementedError

    def counts(self) -> list[dict[str, Any]]:
        """See Archive.counts: channel, destination, number, states, oldest_open, last_delivered, held, rate, who, reason."""
        counters = {(scope, a, b): n for scope, a, b, n in self.rows("counters")}
        outcomes: dict[int, dict[str, int]] = {}
        for number, outcome, count in self.rows("acknowledged"):
            outcomes.setdefault(number, {})[OUTCOMES[outcome] or "awaited"] = count
        for number, count in self.rows("rejected_claims"):
            outcomes.setdefault(number, {})["claims rejected"] = count
        found = []
        for number, channel, name, held, rate, who, reason, since in self.rows("destinations"):
            states = {
                state.value: counters.get((1, number, code), 0)
                for code, state in enumerate(STATES)
            }
            waiting = states["queued"] + states["sending"] + states["uncertain"]
            found.append(
                {
                    "channel": channel,
                    "destination": name,
                    "number": number,
                    "states": {state: count for state, count in states.items() if count},
                    "oldest_open": self._oldest(number) if waiting else None,
                    "last_delivered": counters.get((2, number, 0), 0) / 1000 or None,
                    "held": bool(held),
                    "rate": rate or 0.0,
                    "who": who or "",
                    "reason": reason or "",
                    "since": since or 0.0,
                    "acknowledged": outcomes.get(number, {}),
                }
            )
        return found

    def audits(
        self,
        limit: int = 50,
        *,
        who: str = "",
        action: str = "",
        what: str = "",
        since: float | None = None,
        until: float | None = None,
        before: int | None = None,
    ) -> list[dict[str, Any]]:
        """See Archive.audits."""
        ends = (since or 0.0, _LAST if until is None else until)
        below = _LAST if before is None else before
        rows = self.rows("audits", below, who, action, what, *ends, limit)
        return [msgspec.structs.asdict(record_of(row)) for row in rows]

    def _oldest(self, destination: int) -> float | None:
        """When its oldest open delivery was queued; None where looking takes too long."""
        try:
            rows = self.rows("oldest", destination)
        except StoreError:
            return None
        return float(rows[0][0]) if rows else None

    def verdicts(self) -> dict[str, dict[str, int]]:
        """By channel: verdict -> number of messages."""
        found: dict[str, dict[str, int]] = {}
        for channel, code, number in self.rows("verdicts"):
            found.setdefault(channel, {})[VERDICTS[code].value] = number
        return found

    # -- groups ---------------------------------------------------------------------------------------------

    def groups(self, channel: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
        """See Archive.groups."""
        found: list[dict[str, Any]] = []
        for number, name in self.rows("channel_names"):
            if channel in (None, name):
                for row in self.rows("open_groups", number, limit - len(found)):
                    found.append(_group(name, row))
        return found

    def key(self, group: int) -> str:
        """See Archive.key. StoreError when there is no such group."""
        rows = self.rows("group_key", group)
        if not rows:
            raise StoreError("there is no such group")
        return str(rows[0][0])

    def members(self, group: int) -> list[dict[str, Any]]:
        """See Archive.members."""
        return [
            {"message": message, "of": of, "joined_at": joined_at, "replaced": replaced > 0}
            for message, of, joined_at, replaced in self.rows("group_members", group)
        ]

    # -- releases -------------------------------------------------------------------------------------------

    def releases(self, channel: str, limit: int = 200) -> list[Kept]:
        """See Archive.releases."""
        return [kept(row) for row in self.rows("releases", channel, limit)]

    def release(self, channel: str, release: str) -> dict[str, bytes] | None:
        """See Archive.release."""
        rows = self.rows("release", channel, release)
        if not rows:
            return None
        texts = {path: bytes.fromhex(digest) for path, digest in json.loads(rows[0][0]).items()}
        return {path: zlib.decompress(self.rows("release_text", digest)[0][0]) for path, digest in texts.items()}  # fmt: skip

    def made_by(self, id: int) -> str:
        """See Archive.made_by."""
        rows = self.rows("made_by", id)
        return str(rows[0][0]) if rows else ""

    # -- memory ---------------------------------------------------------------------------------------------

    def remembered(self) -> dict[str, int]:
        """See Archive.remembered. StoreError where counting takes too long."""
        return dict(self.rows("remembered"))

    def sequences(self) -> dict[str, int]:
        """See Archive.sequences."""
        return dict(self.rows("sequences"))


def _group(channel: str, row: tuple[Any, ...]) -> dict[str, Any]:
    id, destination, members, opened_at, due_at, version, flags = row
    return {
        "id": id,
        "channel": channel,
        "group": destination,
        "members": members,
        "opened_at": opened_at,
        "due_at": due_at,
        "version": version,
        "test": bool(flags & TEST),
    }
