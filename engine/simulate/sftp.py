"""A partner with an SFTP server: a drop box on the disk, with faults."""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, cast

import asyncssh
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from engine.simulate.fault import Fault
from engine.simulate.partner import Partner, Received

#: Bytes of a file that are kept in `received`.
_KEPT = 1024 * 1024
#: Bytes that a `full` disk still takes of a file, and that pass before `drops` hangs up.
_ROOM = 8 * 1024


class SftpPartner(Partner):
    """
    Lets one user in, by password or key, into a folder of its own.

    `drops` cuts the connection in the middle of a file, `full` has no room for more, `stranger` shows another host key,
    `401` lets nobody in, `slow` answers late. What gets its final name counts as taken.
    """

    kind = "sftp"

    def __init__(
        self, name: str, port: int = 0, fault: str = Fault.NONE, *, folder: Path | None = None,
        user: str = "corridor", password: str = "corridor", authorized_keys: str = "", **options: Any,
    ) -> None:  # fmt: skip
        """`folder` is the drop box, a temporary one where none is given; `authorized_keys` are public keys, by line."""
        super().__init__(name, port, fault, **options)
        self.user, self.password, self.authorized_keys = user, password, authorized_keys
        self._temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix=f"corridor-{name}-"))
        self._keys = [_own_key(name), asyncssh.generate_private_key("ssh-ed25519")]
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._peers: set[asyncssh.SSHServerConnection] = set()
        self.files: set[IO[bytes]] = set()
        """Those that are open, also where their connection broke."""

    @property
    def host_key(self) -> str:
        """The key by which it is known, as a channel writes it."""
        return self._keys[0].export_public_key().decode().strip()

    async def __aexit__(self, *error: object) -> None:
        await super().__aexit__(*error)
        while self.files:
            self.files.pop().close()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def fault(self) -> Fault:
        """What is wrong with it; may be set at any time. Whoever is logged in stays, except where it goes down."""
        return self._fault

    @fault.setter
    def fault(self, fault: str) -> None:
        Partner.fault.__set__(self, fault)  # type: ignore[attr-defined]
        if self._acceptor is not None:
            self._acceptor.update(server_host_keys=[self._shown()])
        if self._fault in (Fault.STRANGER, Fault.UNAUTHORISED):
            self._hang_up()

    def _shown(self) -> asyncssh.SSHKey:
        return self._keys[self._fault is Fault.STRANGER]

    async def _serve(self, listening: socket.socket) -> None:
        self._acceptor = await asyncssh.listen(
            sock=listening,
            server_factory=lambda: _Door(self),
            sftp_factory=lambda channel: _Files(self, channel),
            server_host_keys=[self._shown()],
            allow_scp=False,
            login_timeout=30,
        )
        if self._fault is Fault.DOWN:
            self._cut()

    def _cut(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None
        self._hang_up()

    def _hang_up(self) -> None:
        for peer in list(self._peers):
            peer.abort()

    # -- for its connections --------------------------------------------------------------------------------

    def met(self, peer: asyncssh.SSHServerConnection) -> None:
        """Somebody dials."""
        self._peers.add(peer)

    def left(self, peer: asyncssh.SSHServerConnection) -> None:
        """Somebody has gone."""
        self._peers.discard(peer)

    def named(self, path: Path) -> None:
        """A file has its final name."""
        try:
            with path.open("rb") as file:
                body = file.read(_KEPT)
        except OSError:
            return
        self.take(Received(key="", body=body, path=path.name))

    def ways(self) -> dict[str, str]:
        """Who may come in, where the files are, and the key it is known by."""
        return {"user": self.user, "folder": str(self.folder), "host_key": self.host_key}

    def stats(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {**super().stats(), **self.ways()}


class _Door(asyncssh.SSHServer):
    """Who may come in."""

    def __init__(self, partner: SftpPartner) -> None:
        self._partner = partner

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        self._partner.met(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._partner.left(self._conn)

    def begin_auth(self, username: str) -> bool:
        keys = self._partner.authorized_keys
        if keys:
            self._conn.set_authorized_keys(asyncssh.import_authorized_keys(keys))
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        partner = self._partner
        sound = (username, password) == (partner.user, partner.password)
        if not sound or partner.fault is Fault.UNAUTHORISED:
            partner.refused += 1
            return False
        return True


class _Files(asyncssh.SFTPServer):
    """The drop box, seen as `/`."""

    def __init__(self, partner: SftpPartner, channel: asyncssh.SSHServerChannel[bytes]) -> None:
        super().__init__(channel, chroot=str(partner.folder).encode())
        self._partner = partner
        self._channel = channel

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        file = super().open(path, pflags, attrs)
        self._partner.files.add(cast(IO[bytes], file))
        return file

    def close(self, file_obj: object) -> None:
        self._partner.files.discard(cast(IO[bytes], file_obj))
        super().close(file_obj)

    async def _bother(self, offset: int, size: int, writes: bool) -> None:
        """What is wrong with it, at a piece of a file."""
        partner = self._partner
        if wait := partner.wait():
            await asyncio.sleep(wait)
        if partner.fault is Fault.DROPS and offset + size >= _ROOM:
            self._channel.get_connection().abort()
            raise asyncssh.SFTPConnectionLost("cut")
        if partner.fault is Fault.FULL and writes and offset + size >= _ROOM:
            partner.refused += 1
            raise asyncssh.SFTPFailure("no space left on the device")

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        await self._bother(offset, size, False)
        found = super().read(file_obj, offset, size)
        assert isinstance(found, bytes)
        return found

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        await self._bother(offset, len(data), True)
        written = super().write(file_obj, offset, data)
        assert isinstance(written, int)
        return written

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        super().rename(oldpath, newpath)
        self._name(newpath)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        super().posix_rename(oldpath, newpath)
        self._name(newpath)

    def _name(self, path: bytes) -> None:
        self._partner.named(Path(self.map_path(path).decode("utf-8", "surrogateescape")))


def _own_key(name: str) -> asyncssh.SSHKey:
    """
    The key that a simulated partner of this name always has, so that a config.yaml can pin it. Anybody can make it: it keeps
    nothing secret.
    """
    seed = sha256(b"simulated partner " + name.encode()).digest()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return asyncssh.import_private_key(
        key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    )


def sftp_partner(
    name: str = "dropbox", port: int = 0, fault: str = Fault.NONE, **options: Any
) -> SftpPartner:
    """A partner over SFTP, started by `async with`; port 0 = any free one. Options are SftpPartner's."""
    return SftpPartner(name, port, fault, **options)
