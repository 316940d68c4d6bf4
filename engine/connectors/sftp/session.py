"""One logged-in connection to a partner's SFTP server. Everything here blocks: it runs in worker threads."""

from __future__ import annotations

import base64
import contextlib
import errno
import io
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
from paramiko.sftp import CMD_NAME
from paramiko.ssh_exception import IncompatiblePeer

from engine.connectors.sftp.algorithms import offered
from engine.connectors.sftp.pins import Pin, fingerprint, for_host, lines, pins
from engine.connectors.sftp.settings import Access
from engine.errors import Misconfigured, Unavailable
from engine.settings import Secret
from engine.wire.file_names import decoded, encoded

#: The library's own words may name files, which may be patients': they go nowhere.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False
#: Key types that a connection may be known by, the best first (`ssh-rsa` keys sign with SHA-2 only).
_SIGNED_BY = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
_KEYS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
#: Bytes of a window and a packet: large ones keep a long line full.
_WINDOW, _PACKET = 8 * 1024 * 1024, 32 * 1024


class Lost(Exception):
    """The connection broke or answered too late: what was asked last may have been done."""


class _Names(paramiko.Message):  # type: ignore[misc]
    """An answer with names, which need not be UTF-8."""

    def get_text(self) -> str:
        return decoded(self.get_string())


class _Client(paramiko.SFTPClient):  # type: ignore[misc]
    """Takes and gives names whatever their character set."""

    def _request(self, t: int, *arg: Any) -> tuple[int, Any]:
        kind, answer = super()._request(t, *arg)
        if kind == CMD_NAME:
            answer.__class__ = _Names
        return kind, answer

    def _adjust_cwd(self, path: str | bytes) -> bytes:
        return encoded(path) if isinstance(path, str) else path


class Session:
    """A connection and its SFTP channel."""

    def __init__(self, transport: paramiko.Transport, sftp: paramiko.SFTPClient) -> None:
        self.transport, self.sftp = transport, sftp
        self.used = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether nobody has closed it, as far as one knows."""
        channel = self.sftp.get_channel()
        return bool(self.transport.is_active() and channel is not None and not channel.closed)

    @contextlib.contextmanager
    def asking(self) -> Iterator[paramiko.SFTPClient]:
        """
        Ask the server. What it answers is raised as OSError (FileNotFoundError, PermissionError, or without a number);
        Lost where the connection broke. Catch OSError outside, where it can only be the server's word.
        """
        try:
            yield self.sftp
        except (paramiko.SSHException, EOFError, TimeoutError, ConnectionError) as error:
            self.close()
            raise Lost(_words(error)) from None
        except OSError as error:
            if error.errno not in (None, errno.ENOENT, errno.EACCES) or not self.alive:
                self.close()
                raise Lost(_words(error)) from None
            raise
        self.used = time.monotonic()

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(Exception):
            self.transport.close()


def connect(access: Access, home: Path) -> Session:
    """
    Log in. Unavailable where the server cannot be reached; Misconfigured where it is not the one we know, does not
    know us, or shares no algorithm with us.
    """
    known = _known(access, home)
    transport = _dial(access)
    try:
        _offer(transport, access, known)
        transport.start_client(timeout=access.timeout)
        _verify(transport, access, known)
        _log_in(transport, access, home)
        transport.set_keepalive(15)
        sftp = _Client.from_transport(transport, _WINDOW, _PACKET)
        assert sftp is not None
        channel = sftp.get_channel()
        assert channel is not None
        channel.settimeout(access.timeout)
    except BaseException as error:
        transport.close()
        raise _judged(error) from None
    return Session(transport, sftp)


def _judged(error: BaseException) -> BaseException:
    if isinstance(error, IncompatiblePeer):
        detail = (
            "the server speaks none of the modern algorithms that both sides would need; "
            "the old ones that it must have are named under also_allow"
        )
        return Misconfigured("no common algorithm", detail)
    if isinstance(error, paramiko.AuthenticationException):
        return Misconfigured(
            "login refused", "the server does not take this user with this password or key"
        )
    if isinstance(error, (paramiko.SSHException, EOFError, OSError)):
        return Unavailable("not connected", _words(error))
    return error


def _words(error: BaseException) -> str:
    """What happened, without a word of the partner's."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.errno:
        named = isinstance(
            error, socket.gaierror
        )  # else the text may be the server's, with a path in it
        said = error.strerror if named else os.strerror(error.errno)
        return (said or "the connection failed").lower()
    return "the connection was closed"


def _dial(access: Access) -> paramiko.Transport:
    try:
        line = socket.create_connection((access.host, access.port), timeout=access.timeout)
    except socket.gaierror:
        raise Unavailable("not connected", "the host's name is not known") from None
    except OSError as error:
        raise Unavailable("not connected", _words(error)) from None
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        transport = paramiko.Transport(line)
    except BaseException:
        line.close()
        raise
    transport.banner_timeout = transport.auth_timeout = access.timeout
    transport.daemon = True
    return transport


# -- whom we speak to ----------------------------------------------------------------------------------


def _known(access: Access, home: Path) -> list[Pin]:
    found = pins(access.host_key)
    if access.known_hosts:
        try:
            found += lines((home / access.known_hosts).read_text("utf-8"))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise Misconfigured("not connected", f"known_hosts cannot be read: {why}") from None
    known = for_host(found, access.host, access.port)
    if not known:
        raise Misconfigured(
            "host key unknown", "known_hosts names no key of this host and port"
        )
    return known


def _offer(transport: paramiko.Transport, access: Access, known: list[Pin]) -> None:
    options = transport.get_security_options()
    for group in ("kex", "ciphers", "digests"):
        setattr(options, group, offered(group, access.also_allow))
    if all(pin.kind for pin in known):
        kinds = {pin.kind for pin in known}
        names = [name for kind in kinds for name in _SIGNED_BY.get(kind, (kind,))]
        options.key_types = tuple(name for name in options.key_types if name in names)


def _verify(transport: paramiko.Transport, access: Access, known: list[Pin]) -> None:
    shown = transport.get_remote_server_key()
    print_ = fingerprint(shown.asbytes())
    if not any(fingerprint_of(pin) == print_ for pin in known):
        detail = (
            f"the server shows the key {shown.get_name()} {print_}, which is none of those that are pinned; nothing was "
            "sent. Ask the partner whether its key changed; if so, write the new one under host_key"
        )
        raise Misconfigured("host key changed", detail)


def fingerprint_of(pin: Pin) -> str:
    """A pinned key's fingerprint."""
    return "SHA256:" + base64.b64encode(pin.digest).decode().rstrip("=")


# -- who we are -----------------------------------------------------------------------------------------


def _log_in(transport: paramiko.Transport, access: Access, home: Path) -> None:
    """With the key, where there is one; then, where that is not enough or not wanted, with the password."""
    missing: list[str] = []
    if access.key is not None:
        missing = transport.auth_publickey(access.user, _key(access, home))
        if not missing:
            return
    if access.password is not None:
        missing = transport.auth_password(access.user, _secret(access.password, home))
    if missing:
        raise Misconfigured("login refused", "the server asks for more than the channel has")


def _key(access: Access, home: Path) -> paramiko.PKey:
    assert access.key is not None
    text = _secret(access.key, home) + "\n"
    passphrase = _secret(access.passphrase, home) if access.passphrase else None
    for kind in _KEYS:
        with contextlib.suppress(paramiko.SSHException, ValueError, TypeError, IndexError):
            key = kind.from_private_key(io.StringIO(text), passphrase)
            return _certified(key, access, home)
    raise Misconfigured(
        "no key", "the private key cannot be read: it is no key, or its passphrase is another"
    )


def _certified(key: paramiko.PKey, access: Access, home: Path) -> paramiko.PKey:
    if access.certificate:
        try:
            key.load_certificate(str(home / access.certificate))
        except (OSError, paramiko.SSHException, ValueError):
            raise Misconfigured(
                "no key", "the certificate cannot be read, or is another key's"
            ) from None
    return key


def _secret(secret: Secret, home: Path) -> str:
    try:
        return secret.reveal(home)
    except LookupError as error:
        raise Misconfigured("not connected", str(error.args[0])) from None
