"""`corridor people` and `corridor audit`: what the console does, from the terminal, and each step recorded."""

from __future__ import annotations

import json

import apsw
import pytest

from engine.errors import CommandError
from engine.people.directory import Directory
from engine.people.rights import Right
from engine.store import audit
from engine.store.home import store_file

pytestmark = pytest.mark.usefixtures("quick_passwords")


def test_accounts_from_the_terminal(corridor) -> None:
    assert "begin with" in corridor("people", "list").out
    first = corridor("people", "add", "a.smith", "--role", "administrator")
    secret = first.out.split()[-1]
    directory = Directory(corridor.home)
    assert directory.sign_in("a.smith", secret)
    assert (
        corridor("people", "change", "a.smith", "--disable").code == 3
    )  # the last administrator
    assert corridor("people", "add", "lab", "--role", "support", "--tag", "lab").code == 0
    assert corridor("people", "change", "lab").code == 2
    assert corridor("people", "change", "lab", "--all-channels", "--disable").code == 0
    assert "may not sign in" in corridor("people", "list").out
    again = corridor("people", "password", "a.smith").out.split()[-1]
    with pytest.raises(CommandError):
        directory.sign_in("a.smith", secret)
    assert directory.sign_in("a.smith", again)
    token = corridor("people", "token", "issue", "grafana", "--role", "viewer").out.split()[-1]
    person = directory.tokens.bearer(token)
    assert person is not None and person.rights == {Right.VIEW}
    assert "grafana" in corridor("people", "token", "list").out
    assert corridor("people", "token", "revoke", "1").code == 0
    assert directory.tokens.bearer(token) is None
    directory.file.close()
    actions = [one.action for one in audit.records(corridor.home)]
    assert actions == [
        "add_person", "change_person", "add_person", "change_person", "change_person", "issue_token", "revoke_token",
    ]  # fmt: skip
    whole = "".join(one.what + one.reason for one in audit.records(corridor.home))
    assert secret not in whole and again not in whole and token not in whole


def test_the_trail_from_the_terminal(corridor) -> None:
    for name in ("one", "two", "three"):
        corridor("people", "add", name, "--role", "viewer")
    sound = corridor("audit", "verify", "--json").json
    assert (sound["sound"], sound["records"]) == (True, 3)
    assert "person two" in corridor("audit", "list", "--what", "two").out
    exported = corridor("audit", "export", "--since", "1h")
    records = [json.loads(line) for line in exported.lines]
    assert [one["what"] for one in records[:3]] == ["person one", "person two", "person three"]
    assert records[2]["seal"] == sound["head"] and records[-1]["seal"] in exported.err
    connection = apsw.Connection(str(store_file(corridor.home)))
    connection.execute("DROP TRIGGER audit_is_kept; DELETE FROM audit WHERE id = 4")
    connection.close()
    cut = audit.verify(
        corridor.home
    )  # only who kept a head elsewhere sees that the end is gone
    assert cut.sound and cut.head != records[-1]["seal"]
    connection = apsw.Connection(str(store_file(corridor.home)))
    connection.execute(
        "DROP TRIGGER audit_is_fixed; UPDATE audit SET reason = 'roles viewes' WHERE id = 2"
    )
    connection.close()
    assert corridor("audit", "verify").code == 1
    assert "audit record 2 is not what was written" in corridor("verify").out
    broken = corridor("audit", "export")
    assert broken.code == 1 and "audit record 2" in broken.err


async def test_records_of_a_release_before_the_chain_are_sealed_by_the_next(bench_home) -> None:
    connection = apsw.Connection(str(store_file(bench_home)))
    for _ in range(2):
        connection.execute(
            "INSERT INTO audit (at, who, action, what, reason) VALUES (1.0, 'a', 'b', 'c', '')"
        )
    audit.append(connection, "d", "e", "f", "", 2.0)
    assert audit.verified(connection).sound and audit.verified(connection).records == 3
    connection.execute("DROP TRIGGER audit_is_fixed; UPDATE audit SET who = 'x' WHERE id = 1")
    assert "audit record 3" in audit.verified(connection).broken
    connection.close()


@pytest.fixture
def bench_home(corridor):
    """A home with a store and nothing in its trail."""
    corridor("people", "add", "x", "--role", "viewer")
    connection = apsw.Connection(str(store_file(corridor.home)))
    connection.execute("DROP TRIGGER audit_is_kept; DELETE FROM audit")
    connection.close()
    return corridor.home
