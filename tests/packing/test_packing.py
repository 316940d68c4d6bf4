"""Files as strangers pack them: whole, damaged, hostile; and what we pack, opened again by others' tools."""

from __future__ import annotations

import gzip as library
import io
import os
import shutil
import struct
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import MessageError, Misconfigured
from engine.packing.opening import unpacked
from engine.packing.sealing import packed
from engine.packing.settings import (
    MakePgp,
    OpenPgp,
    OpenZip,
    Packing,
    Unpacking,
    check_pack,
    check_unpack,
)  # fmt: skip
from engine.settings import Secret, Size

ZIP, GZIP = Unpacking.read("zip"), Unpacking.read("gzip")
LONGEST = 20_000_000


def opened(
    content: Any, *steps: Unpacking, name: str = "a.zip", home: Path = Path()
) -> dict[str, bytes]:
    found = unpacked(name, content, steps, LONGEST, home)
    whole = {member.name: b"".join(member.read()) for member in found}
    assert [len(body) for body in whole.values()] == [member.size for member in found]
    assert {member.name: b"".join(member.read()) for member in found} == whole, "and again"
    return whole


def refused(content: Any, *steps: Unpacking, home: Path = Path()) -> str:
    with pytest.raises(MessageError) as caught:
        unpacked("a.zip", content, steps or (ZIP,), LONGEST, home)
    return caught.value.code


def zipped(*members: tuple[Any, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", method) as archive:
        for name, body in members:
            archive.writestr(name, body)
    return into.getvalue()


# -- zip --------------------------------------------------------------------------------------------------


def test_members_in_their_order_from_bytes_and_from_a_file() -> None:
    members = [
        ("b.csv", b"2" * 3_000_000),
        ("sub/a.csv", os.urandom(5)),
        (".DS_Store", b"x"),
        ("__MACOSX/b", b"x"),
        ("empty", b""),
    ]
    content = zipped(*members, ("folder/", b""))
    expected = {"b.csv": members[0][1], "a.csv": members[1][1], "empty": b""}
    assert opened(content, ZIP) == opened(io.BytesIO(content), ZIP) == expected
    assert list(opened(content, ZIP)) == ["b.csv", "a.csv", "empty"]
    only = Unpacking(zip=OpenZip(pattern="*.csv"))
    assert list(opened(content, only)) == ["b.csv", "a.csv"]
    assert opened(zipped(("a", b"x"), method=zipfile.ZIP_STORED), ZIP) == {"a": b"x"}
    assert opened(zipped(), ZIP) == {}


@pytest.mark.slow
def test_zip64() -> None:
    into = io.BytesIO()
    with (
        zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.csv", "w", force_zip64=True) as file,
    ):
        file.write(b"line\n" * 1000)
    assert opened(into.getvalue(), ZIP) == {"a.csv": b"line\n" * 1000}
    many = zipped(
        *((f"{n}", b"") for n in range(70_000))
    )  # more than 65,535: a directory of zip64
    assert refused(many) == "archive_too_large" or refused(many) == "archive_damaged"
    assert len(opened(many, Unpacking(zip=OpenZip(most=70_000)))) == 70_000


@pytest.mark.parametrize(
    "name",
    [
        "../a",
        "/etc/passwd",
        "a/../../b",
        "a\\b",
        "C:a",
        "a/./b",
        "a\x00.csv",
        "a\nb",
        "x" * 201,
        "a//b",
    ],
)
def test_names_that_lead_elsewhere(name: str) -> None:
    content = zipped(("sound", b"x"), ("y" * len(name), b"x"))
    assert refused(content.replace(b"y" * len(name), name.encode())) == "archive_bad_name"


def test_two_members_of_one_name() -> None:
    content = zipped(("a.csv", b"1"), ("b.csv", b"2"))
    assert refused(content.replace(b"b.csv", b"a.csv")) == "archive_bad_name"
    assert refused(content.replace(b"b.csv", b"A.csv")) == "archive_bad_name"


def test_links_and_devices() -> None:
    for kind in (0o120777, 0o020600, 0o010600):
        entry = zipfile.ZipInfo("a")
        entry.create_system, entry.external_attr = 3, kind << 16
        assert refused(zipped((entry, b"/etc/passwd"))) == "archive_bad_name"


def test_encrypted_members_and_odd_methods() -> None:
    content = zipped(("a.csv", b"x" * 100))
    flagged = bytearray(content)
    at = content.index(b"PK\x01\x02")
    flagged[at + 8] |= 1
    assert refused(bytes(flagged)) == "archive_encrypted"
    assert refused(zipped(("a", b"x"), method=zipfile.ZIP_BZIP2)) == "archive_unreadable"
    assert refused(zipped(("a", b"x"), method=zipfile.ZIP_LZMA)) == "archive_unreadable"


def test_bombs() -> None:
    assert refused(zipped(("a", bytes(15_000_000)))) == "archive_too_large", (
        "too good to be true"
    )
    long = zipped(("a", os.urandom(LONGEST + 1)), method=zipfile.ZIP_STORED)
    assert refused(long) == "archive_too_large"
    small = Unpacking(zip=OpenZip(max_size=Size(1000)))
    assert refused(zipped(("a", b"x" * 600), ("b", b"x" * 600)), small) == "archive_too_large"
    few = Unpacking(zip=OpenZip(most=3))
    assert refused(zipped(*((str(n), b"") for n in range(4))), few) == "archive_too_large"


def test_members_that_overlap() -> None:
    content = zipped(("aaaa", b"x" * 50_000), ("bbbb", b"x" * 50_000))
    at = content.rindex(b"PK\x01\x02")
    overlapping = bytearray(content)
    overlapping[at + 42 : at + 46] = struct.pack("<I", 0)
    assert refused(bytes(overlapping)) == "archive_damaged"


def test_a_member_that_lies_about_its_length() -> None:
    content = bytearray(zipped(("a", b"x" * 5000)))
    at = content.index(b"PK\x01\x02")
    for said in (4999, 5001, 2**31):
        content[at + 24 : at + 28] = struct.pack("<I", said)
        assert refused(bytes(content)) in ("archive_damaged", "archive_too_large")


def test_every_cut_and_flipped_byte_is_told_or_harmless() -> None:
    body = os.urandom(200)
    content = zipped(("a.csv", body), ("b.csv", body))
    for at in range(len(content)):
        for hostile in (
            content[:at],
            content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :],
        ):
            try:
                found = opened(hostile, ZIP)
            except MessageError:
                continue
            assert set(found.values()) <= {body}, "a changed member never passes for whole"


def test_an_archive_in_an_archive_is_opened_where_the_channel_says_so() -> None:
    inner = zipped(("a.csv", b"1"), ("b.csv", b"2"))
    outer = zipped(("inner.zip", inner))
    assert opened(outer, ZIP) == {"inner.zip": inner}
    assert opened(outer, ZIP, ZIP) == {"a.csv": b"1", "b.csv": b"2"}
    assert opened(zipped(("a.csv.gz", library.compress(b"1"))), ZIP, GZIP) == {"a.csv": b"1"}


# -- gzip -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_gzip() -> None:
    body = os.urandom(3_000_000)
    content = library.compress(body[:10]) + library.compress(body[10:])
    assert opened(content, GZIP, name="a.csv.gz") == opened(
        io.BytesIO(content), GZIP, name="a.csv.GZ"
    ) | {"a.csv": body}
    for hostile in (
        b"",
        b"plain",
        content[:-1],
        content[:-9],
        content[:100],
        content + b"rest",
    ):
        assert refused(hostile, GZIP) == "archive_damaged"
    assert refused(library.compress(bytes(12_000_000)), GZIP) == "archive_too_large"
    assert refused(library.compress(os.urandom(LONGEST + 1), 1), GZIP) == "archive_too_large"


# -- pgp --------------------------------------------------------------------------------------------------


def gpg(ring: Path, *words: str, given: bytes = b"", phrase: str = "") -> bytes:
    command = [
        "gpg",
        "--homedir",
        str(ring),
        "--batch",
        "--yes",
        "--quiet",
        "--pinentry-mode",
        "loopback",
    ]
    command += ["--passphrase", phrase, "--trust-model", "always", *words]
    return subprocess.run(
        command, input=given, check=True, capture_output=True, timeout=60
    ).stdout


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Private keys and public ones; the passphrases of private keys are another test's."""
    if shutil.which("gpg") is None:
        pytest.skip("no GnuPG on this machine (Debian: gnupg)")
    home = tmp_path_factory.mktemp("keys")
    ring = Path(tempfile.mkdtemp())
    try:
        for name in ("ours", "partner", "other"):
            gpg(
                ring, "--quick-gen-key", f"{name}@example.org", "future-default", "default", "0"
            )
            (home / f"{name}.asc").write_bytes(
                gpg(ring, "--armor", "--export-secret-keys", f"{name}@example.org")
            )
            (home / f"{name}.pub").write_bytes(gpg(ring, "--export", f"{name}@example.org"))
        gpg(
            ring,
            "--faked-system-time",
            "20200101T000000",
            "--quick-gen-key",
            "old@example.org",
            "future-default",
            "default",
            "1d",
        )
        (home / "old.pub").write_bytes(gpg(ring, "--export", "old@example.org"))
        home.joinpath("ring").symlink_to(ring)
        yield home
    finally:
        subprocess.run(["gpgconf", "--homedir", str(ring), "--kill", "all"], check=False)
        shutil.rmtree(ring, ignore_errors=True)


def secret(name: str) -> Secret:
    return Secret(file=name)


def opening(**changes: Any) -> Unpacking:
    given = {"key": secret("ours.asc"), "signed_by": secret("partner.pub")}
    return Unpacking(pgp=OpenPgp(**{**given, **changes}))


def sealing(**changes: Any) -> Packing:
    given = {"encrypt_to": secret("ours.pub"), "sign_with": secret("partner.asc")}
    return Packing(pgp=MakePgp(**{**given, **changes}))


def sealed(body: bytes, keys: Path, **changes: Any) -> bytes:
    return packed("a.csv.pgp", body, [sealing(**changes)], keys)


@pytest.mark.slow
def test_pgp_there_and_back(keys: Path) -> None:
    body = os.urandom(300_000)
    for armored in (True, False):
        content = sealed(body, keys, armored=armored)
        assert content.startswith(b"-----BEGIN PGP MESSAGE-----") == armored
        assert body not in content
        assert opened(content, opening(), name="a.csv.pgp", home=keys) == {"a.csv": body}
    unsigned = sealed(body, keys, sign_with=None)
    assert opened(unsigned, opening(signed_by=None), name="a.GPG", home=keys) == {"a": body}
    both = packed("a.csv.zip.pgp", b"x", [Packing.read("zip"), sealing()], keys)
    assert opened(both, opening(), ZIP, name="a.csv.zip.pgp", home=keys) == {"a.csv": b"x"}


@pytest.mark.slow
def test_pgp_that_is_refused_says_why_and_never_what(keys: Path) -> None:
    body = b"SMITH^JOHN" * 100
    signed = sealed(body, keys)
    changed = bytearray(signed)
    changed[-40] ^= 1
    plain = gpg(keys / "ring", "--local-user", "partner@example.org", "--sign", given=body)
    cases = [
        (sealed(body, keys, sign_with=None), opening(), "pgp_not_signed"),
        (sealed(body, keys, sign_with=secret("other.asc")), opening(), "pgp_not_signed"),
        (sealed(body, keys, encrypt_to=secret("other.pub")), opening(), "pgp_not_for_us"),
        (bytes(changed), opening(), "pgp_"), (signed[:-50], opening(), "pgp_"), (signed[:20], opening(), "pgp_"),
        (body, opening(), "pgp_damaged"), (b"", opening(), "pgp_"),
        (plain, opening(), "pgp_not_encrypted"), (signed, opening(key=None), "pgp_not_encrypted"),
    ]  # fmt: skip
    for content, step, code in cases:
        with pytest.raises(MessageError) as caught:
            unpacked("a", content, [step], LONGEST, keys)
        assert caught.value.code.startswith(code)
        assert "SMITH" not in str(caught.value) and "backtrace" not in str(caught.value)
    assert opened(plain, opening(key=None), name="a.asc", home=keys) == {"a": body}


@pytest.mark.slow
def test_a_bomb_in_pgp_ends_apart_and_the_next_file_is_opened(keys: Path) -> None:
    """Compressed data of OpenPGP (RFC 9580, section 5.6): kilobytes that become half a gigabyte."""
    packer = zlib.compressobj(9, wbits=-15)
    literal = b"\xcb\xff" + struct.pack(">I", 500_000_006) + b"b\x00\x00\x00\x00\x00"
    bomb = (
        packer.compress(literal)
        + b"".join(packer.compress(bytes(10_000_000)) for _ in range(50))
        + packer.flush()
    )
    compressed = b"\x01" + bomb
    content = b"\xc8\xff" + struct.pack(">I", len(compressed)) + compressed
    only = opening(key=None)
    assert refused(content, only, home=keys) == "pgp_not_signed"
    zeros = gpg(
        keys / "ring", "--recipient", "ours@example.org", "--encrypt", given=bytes(LONGEST + 1)
    )
    assert refused(zeros, opening(), home=keys) == "archive_too_large"
    assert opened(sealed(b"x", keys), opening(), home=keys) == {"a.zip": b"x"}


@pytest.mark.slow
def test_keys_that_cannot_be_used(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = sealed(b"x", keys)
    (keys / "garbage").write_text("garbage")
    monkeypatch.delenv("NO_SUCH", raising=False)
    for step, says in [
        (opening(key=secret("garbage")), "our private key"), (opening(key=secret("ours.pub")), "private key"),
        (opening(key=secret("missing")), "cannot read missing"), (opening(key=Secret(env="NO_SUCH")), "NO_SUCH"),
        (opening(signed_by=secret("garbage")), "partner.s public key"),
    ]:  # fmt: skip
        with pytest.raises(Misconfigured, match=says):
            unpacked("a", content, [step], LONGEST, keys)
    for changes, says in [
        ({"encrypt_to": secret("garbage")}, "partner's public key"), ({"encrypt_to": secret("old.pub")}, "ask for the new one"),
        ({"sign_with": secret("garbage")}, "private key"),
    ]:  # fmt: skip
        with pytest.raises(Misconfigured, match=says):
            sealed(b"x", keys, **changes)
    # a new key counts from the next file on
    (keys / "ours.asc").rename(keys / "kept")
    (keys / "ours.asc").write_bytes((keys / "other.asc").read_bytes())
    assert refused(content, opening(), home=keys) == "pgp_not_for_us"
    (keys / "kept").rename(keys / "ours.asc")
    assert opened(content, opening(), name="a", home=keys) == {"a": b"x"}


@pytest.mark.slow
def test_what_gnupg_makes_and_what_it_must_not_make(keys: Path) -> None:
    """Signed, compressed and encrypted, as it does by itself; and without MDC, as very old programs do."""
    ring, body = keys / "ring", b"line\n" * 10_000
    both = (
        "--recipient",
        "ours@example.org",
        "--local-user",
        "partner@example.org",
        "--sign",
        "--encrypt",
    )
    theirs = gpg(ring, *both, given=body)
    assert len(theirs) < len(body) / 10
    assert opened(theirs, opening(), name="a", home=keys) == {"a": body}
    made = sealed(b"to gpg", keys, armored=True)
    assert gpg(ring, "--decrypt", given=made) == b"to gpg"
    clear = gpg(
        ring, "--local-user", "partner@example.org", "--clear-sign", given=b"in clear\n"
    )
    assert opened(clear, opening(key=None), name="a", home=keys) == {"a": b"in clear\n"}
    weak = (
        "--rfc2440",
        "--disable-mdc",
        "--cipher-algo",
        "3DES",
        "--recipient",
        "ours@example.org",
    )
    unprotected = gpg(ring, *weak, "--encrypt", given=b"x")
    assert refused(unprotected, opening(signed_by=None), home=keys) == "pgp_unsafe"


@pytest.mark.slow
def test_passphrases(keys: Path) -> None:
    ring = keys / "ring"
    gpg(
        ring,
        "--quick-gen-key",
        "locked@example.org",
        "future-default",
        "default",
        "0",
        phrase="open",
    )
    locked = gpg(ring, "--armor", "--export-secret-keys", "locked@example.org", phrase="open")
    (keys / "locked.asc").write_bytes(locked)
    (keys / "locked.pub").write_bytes(gpg(ring, "--export", "locked@example.org"))
    (keys / "phrase").write_text("open\n")
    phrase = secret("phrase")
    made = sealed(
        b"x",
        keys,
        sign_with=secret("locked.asc"),
        passphrase=phrase,
        encrypt_to=secret("locked.pub"),
    )
    given = {"key": secret("locked.asc"), "signed_by": secret("locked.pub")}
    assert opened(made, opening(**given, passphrase=phrase), name="a", home=keys) == {"a": b"x"}
    (keys / "wrong").write_text("sesame")
    for wrong in (None, secret("wrong")):
        with pytest.raises(Misconfigured, match="passphrase"):
            unpacked("a", made, [opening(**given, passphrase=wrong)], LONGEST, keys)
        with pytest.raises(Misconfigured, match="passphrase"):
            sealed(b"x", keys, sign_with=secret("locked.asc"), passphrase=wrong)


def test_settings_that_cannot_work() -> None:
    for wrong, says in [
        (lambda: Unpacking.read("pgp"), "key"), (Unpacking, "one step"),
        (lambda: Unpacking(zip=OpenZip(), gzip=GZIP.gzip), "one step"),
        (OpenPgp, "`key` is missing"), (lambda: OpenPgp(signed_by=secret("a"), passphrase=secret("b")), "belongs to a key"),
        (lambda: MakePgp(encrypt_to=secret("a"), passphrase=secret("b")), "sign_with"), (lambda: OpenZip(pattern="a/b"), "pattern"),
        (lambda: check_unpack([ZIP] * 5), "steps at most"), (lambda: check_pack([sealing(), Packing.read("zip")]), "pgp stands last"),
        (lambda: Packing.read("pgp"), "encrypt_to"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=says):
            wrong()
