"""Whom one speaks to, and who one is: host keys, algorithms, passwords, keys and certificates."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.connectors.sftp import SourceSettings
from engine.connectors.sftp.pins import fingerprint, for_host, pins
from engine.connectors.sftp.pool import Pool
from engine.connectors.sftp.session import connect
from engine.connectors.sftp.settings import Access
from engine.errors import Misconfigured, Unavailable
from engine.settings import Secret
from tests.openssh import OpenSsh, keygen

from .conftest import of_openssh, of_partner

ED = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJLKdXWJhZ7xXrbjJ5a3n1t0Yw8kq2s5b8mXh2h0GdQf"


def access(server: Any, **changes: Any) -> Access:
    return Access(**{**server.given, **changes})


def dial(server: Any, home: Path, **changes: Any) -> None:

    session = connect(access(server, **changes), home)
    try:
        with session.asking() as sftp:
            sftp.listdir(server.root)
    finally:
        session.close()


async def dialled(server: Any, home: Path, **changes: Any) -> None:
    import asyncio

    await asyncio.to_thread(dial, server, home, **changes)


async def test_a_pinned_key_in_each_of_its_forms(server: Any, tmp_path: Path) -> None:
    key, port = server.given["host_key"], server.given["port"]
    kind, blob = key.split()[:2]
    import base64

    print_ = fingerprint(base64.b64decode(blob))
    for form in (key, f"{kind} {blob}", print_, f"[127.0.0.1]:{port} {kind} {blob}", [ED, key]):
        await dialled(server, tmp_path, host_key=form)
    (tmp_path / "known").write_text(f"# theirs\nother {ED}\n[127.0.0.1]:{port} {kind} {blob}\n")
    await dialled(server, tmp_path, host_key="", known_hosts="known")


async def test_a_changed_key_stops_before_anything_is_said(server: Any, tmp_path: Path) -> None:
    for form in (ED, "SHA256:" + "A" * 43):
        with pytest.raises(Misconfigured, match="none of those that are pinned") as caught:
            await dialled(server, tmp_path, host_key=form)
        shown = server.given["host_key"].split()[1]
        import base64

        assert fingerprint(base64.b64decode(shown)) in str(caught.value), "so that one can ask"


async def test_a_partner_whose_key_changes_while_it_runs(partner: Any, tmp_path: Path) -> None:
    server = of_partner(partner)
    await dialled(server, tmp_path)
    partner.fault = "stranger"
    with pytest.raises(Misconfigured, match="host key changed"):
        await dialled(server, tmp_path)
    assert partner.refused == 0, "the password was not shown to it"
    partner.fault = "none"
    await dialled(server, tmp_path)


async def test_a_wrong_password_and_a_missing_secret(
    partner: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = of_partner(partner)
    with pytest.raises(Misconfigured, match="NO_SUCH is not set"):
        await dialled(server, tmp_path, password=Secret(env="NO_SUCH"))
    monkeypatch.setenv("DROPBOX_PASSWORD", "sesame")
    with pytest.raises(Misconfigured, match="does not take this user") as caught:
        await dialled(server, tmp_path)
    assert "sesame" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
async def test_keys_with_a_passphrase(
    openssh: OpenSsh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("PHRASE", "open")
    public = keygen(openssh.folder / "locked", kind=kind, passphrase="open")
    (openssh.folder / "authorized").write_text(public + "\n")
    key = Secret(file=str(openssh.folder / "locked"))
    server = of_openssh(openssh)
    await dialled(server, tmp_path, key=key, passphrase=Secret(env="PHRASE"))
    with pytest.raises(Misconfigured, match="passphrase"):
        await dialled(server, tmp_path, key=key)
    (openssh.folder / "authorized").write_text("")
    with pytest.raises(Misconfigured, match="does not take this user"):
        await dialled(server, tmp_path, key=key, passphrase=Secret(env="PHRASE"))


async def test_a_certificate(openssh: OpenSsh, tmp_path: Path) -> None:
    (openssh.folder / "authorized").write_text("")
    authority, login = openssh.folder / "authority", openssh.folder / "login"
    command = [
        "ssh-keygen",
        "-q",
        "-s",
        str(authority),
        "-I",
        "us",
        "-n",
        openssh.user,
        f"{login}.pub",
    ]
    subprocess.run(command, check=True, capture_output=True)
    server = of_openssh(openssh)
    await dialled(server, tmp_path, certificate=f"{login}-cert.pub")
    with pytest.raises(Misconfigured):
        await dialled(server, tmp_path)
    with pytest.raises(Misconfigured, match="certificate cannot be read"):
        await dialled(server, tmp_path, certificate="nowhere")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
async def test_other_kinds_of_host_keys(tmp_path: Path, kind: str) -> None:
    openssh = OpenSsh(tmp_path)
    openssh.host_key = keygen(tmp_path / "host", kind=kind)
    await openssh.start()
    try:
        await dialled(of_openssh(openssh), tmp_path)
    finally:
        openssh.kill()


@pytest.mark.parametrize(
    ("more", "needed"),
    [
        ("Ciphers aes256-cbc", "aes256-cbc"),
        ("Ciphers aes128-ctr\nMACs hmac-sha1", "hmac-sha1"),
        ("KexAlgorithms diffie-hellman-group14-sha256", "diffie-hellman-group14-sha256"),
    ],
)
async def test_old_algorithms_only_where_they_are_named(
    tmp_path: Path, more: str, needed: str
) -> None:
    openssh = OpenSsh(tmp_path, more)
    await openssh.start()
    try:
        server = of_openssh(openssh)
        with pytest.raises(Misconfigured, match="also_allow"):
            await dialled(server, tmp_path)
        await dialled(server, tmp_path, also_allow=[needed])
    finally:
        openssh.kill()


async def test_no_ssh_server_at_all(tmp_path: Path, partner: Any) -> None:
    import asyncio

    async def silent(_: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 not what you think\r\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    with pytest.raises(Unavailable):
        await dialled(of_partner(partner), tmp_path, port=port)
    listening.close()


SOUND: dict[str, Any] = {
    "host": "drop.example.org", "user": "corridor", "password": Secret(env="X"), "host_key": ED, "folder": "in",
}  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"host_key": ""}, "ssh-keyscan"),
        ({"host_key": "ssh-ed25519 AAAA="}, "cut or changed"),
        ({"host_key": "AAAAC3NzaC1lZDI1NTE5"}, "a server's key stands here"),
        ({"host_key": "SHA256:short"}, "cut or changed"),
        ({"host_key": f"@cert-authority * {ED}"}, "not read"),
        ({"password": None}, "how we say who we are"),
        ({"certificate": "x"}, "belongs to a key"),
        ({"also_allow": ["rot13"]}, "'rot13' is none of"),
        ({"folder": "in/../../etc"}, "without '..'"),
        ({"archive": "../done"}, "without '..'"),
        ({"after": "move"}, "move_to"),
        ({"done": "done"}, "{name} or {stem}"),
        ({"pattern": "in/*"}, "not a path"),
    ],
)
def test_what_cannot_work_is_said_at_load(wrong: dict[str, Any], says: str) -> None:
    SourceSettings(**SOUND)
    with pytest.raises(ValueError) as caught:
        SourceSettings(**{**SOUND, **wrong})
    assert says in str(caught.value)


def test_lines_of_known_hosts() -> None:
    hashed = subprocess_free_hash("drop.example.org")
    text = f"drop.example.org,10.0.0.5 {ED}\n*.lab.example.org,!bad.lab.example.org {ED}\n{hashed} {ED}"
    found = pins(text)
    counts = {
        ("drop.example.org", 22): 2, ("10.0.0.5", 22): 1, ("a.lab.example.org", 22): 1,
        ("bad.lab.example.org", 22): 0, ("drop.example.org", 2222): 0,
    }  # fmt: skip
    for (host, port), count in counts.items():
        assert len(for_host(found, host, port)) == count, host


def subprocess_free_hash(host: str) -> str:
    import base64
    import hashlib
    import hmac

    salt = b"0123456789abcdefghij"
    digest = hmac.new(salt, host.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


async def test_a_key_that_is_rotated_counts_from_the_next_connection_on(
    openssh: OpenSsh, tmp_path: Path
) -> None:
    """Ours, and the one the server is known by: neither needs a restart."""
    ours = tmp_path / "key"
    ours.write_bytes((openssh.folder / "login").read_bytes())
    blob = " ".join(openssh.host_key.split()[:2])
    known = tmp_path / "known"
    known.write_text(f"[127.0.0.1]:{openssh.port} {blob}\n")
    server = of_openssh(openssh)
    given = {"key": Secret(file="key"), "host_key": "", "known_hosts": "known"}
    pool = Pool(access(server, **given), tmp_path)

    def listed(session: Any) -> list[str]:
        with session.asking() as sftp:
            return list(sftp.listdir(server.root))

    try:
        await pool.run(listed)
        (openssh.folder / "authorized").write_text(keygen(openssh.folder / "login") + "\n")
        openssh.kill()
        openssh.host_key = keygen(openssh.folder / "host")
        await openssh.start()
        with pytest.raises(Misconfigured, match="none of those that are pinned"):
            await pool.run(listed)
        blob = " ".join(openssh.host_key.split()[:2])
        known.write_text(f"[127.0.0.1]:{openssh.port} {blob}\n")
        with pytest.raises(Misconfigured, match="does not take this user"):
            await pool.run(listed)
        ours.write_bytes((openssh.folder / "login").read_bytes())
        await pool.run(listed)
    finally:
        await pool.close()
