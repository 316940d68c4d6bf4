"""What a channel says of a partner's SFTP server, as a source and as a destination."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

import msgspec

from engine.connectors.sftp.algorithms import check_allowed
from engine.connectors.sftp.pins import pins
from engine.folders.sequence import Sequence
from engine.folders.settings import check_pickup
from engine.packing.settings import Packing, Unpacking, check_pack, listed_packing
from engine.schedule import Schedule
from engine.settings import Count, Duration, FileName, Port, Secret, Size

#: Bytes a name may have; temporary names are longer, and file systems stop at 255.
LONGEST_NAME = 200
Connections = Annotated[int, msgspec.Meta(ge=1, le=32)]


class Access(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a partner's server is reached, and how both sides know each other."""

    dials: ClassVar[bool] = True

    host: str
    """Address of the partner."""
    port: Port = 22
    """TCP port of the partner."""
    user: str
    """Name to log in with."""
    password: Secret | None = None
    """Password to log in with."""
    key: Secret | None = None
    """Private key to log in with, in OpenSSH or PEM form: `{file: keys/lab}`."""
    passphrase: Secret | None = None
    """Passphrase of the private key."""
    certificate: str = ""
    """File with the certificate that the partner's authority gave for the key, relative to the home."""
    host_key: str | list[str] = ""
    """The server's own key, as `ssh-ed25519 AAAA...`, as a line of known_hosts, or its fingerprint `SHA256:...`; several while it changes."""
    known_hosts: str = ""
    """File with such lines, relative to the home; lines for other hosts are passed over."""
    also_allow: list[str] = []
    """Old algorithms this partner cannot do without, by name: `aes256-cbc`, `hmac-sha1`; modern ones are always offered."""
    timeout: Duration = Duration(30)
    """How long one step, connecting included, may take."""
    idle: Duration = Duration(60)
    """How long a connection may rest before it is opened anew."""
    connections: Connections = 4
    """Connections to the partner at a time, at most."""

    def __post_init__(self) -> None:
        if self.password is None and self.key is None:
            raise ValueError("a `password` or a `key` is missing: how we say who we are")
        if self.certificate and self.key is None:
            raise ValueError("certificate: it belongs to a key, which is missing")
        if self.passphrase and self.key is None:
            raise ValueError("passphrase: it belongs to a key, which is missing")
        if not self.host_key and not self.known_hosts:
            raise ValueError(
                "`host_key` is missing: the key by which the server is known; the partner tells it, "
                "`ssh-keyscan HOST` shows it"
            )
        pins(self.host_key)
        check_allowed(self.also_allow)


def check_folder(name: str, folder: str) -> None:
    """ValueError, naming the setting, where a folder leads upwards or holds what no path may hold."""
    if ".." in folder.split("/") or not folder.isprintable() or not folder:
        raise ValueError(f"{name}: a folder of the server stands here, without '..'")


class SourceSettings(Access, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Looks into a folder of a partner's server; every file is one message."""

    folder: str
    """Folder to look into, as the user who logs in sees it; nothing outside it is read, links are not followed."""
    pattern: str = "*"
    """Names to take, `*.edi`; hidden and temporary names are never taken."""
    subfolders: bool = False
    """Whether folders inside it are looked into too."""
    every: Duration = Duration(30)
    """Time between two looks."""
    schedule: Schedule | None = None
    """When to look, in place of `every`: `{cron: "0 6 * * mon-fri"}`."""
    minimum_age: Duration = Duration(5)
    """A file is taken when it has not changed for so long and looked the same twice."""
    done: str = ""
    """Name of the file by which the sender says that another is whole, `{name}.done` or `{stem}.ok`; empty = none."""
    order: Literal["name", "time"] = "name"
    """The order in which files of one look are taken."""
    after: Literal["archive", "move", "delete", "leave"] = "archive"
    """What becomes of a file that was taken."""
    archive: str = "archive"
    """Folder for taken files, on the server, relative to the one looked into unless it begins with a slash."""
    archive_by_day: bool = False
    """Whether the archive has a folder for every day, `2026-03-15` (UTC)."""
    move_to: str = ""
    """Folder that `after: move` moves taken files to; it must exist. Written as `archive` is."""
    again: Literal["changed", "always"] = "changed"
    """Whether a file that comes again under a name that was taken is a new message: only with other content, or always."""
    remember: Duration = Duration(90 * 86400)
    """How long names and contents of taken files are remembered, counted from when they were last seen."""
    max_size: Size = Size(200 * 1024 * 1024)
    """Longest file; longer ones are left and logged."""
    max_files: Count = 10_000
    """Files taken in one look at most; the others are taken in the next, which follows at once."""
    unpack: Unpacking | list[Unpacking] = []
    """What files are packed in, the outermost first: `zip`, `gzip`, `[{pgp: {key: {file: keys/ours.asc}}}, zip]`; each member is a message."""
    sequence: Sequence | None = None
    """The partner's numbering of files, `"PO_{number}.csv"`: a number that is missing or comes twice raises an alert."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_folder("folder", self.folder)
        check_folder("archive", self.archive)
        check_pickup(self)
        if self.move_to:
            check_folder("move_to", self.move_to)


class DestinationSettings(Access, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Puts every delivery into a folder of a partner's server, as a file of its own."""

    folder: str
    """Folder to put files into, as the user who logs in sees it; it must exist."""
    name: FileName
    """Name of the file; may have holes, which are made safe."""
    exists: Literal["refuse", "number", "overwrite"] = "refuse"
    """What happens where the name is taken: refuse the delivery, number the name, or overwrite."""
    pack: Packing | list[Packing] = []
    """What it is packed in, the innermost first: `zip`, `gzip`, `[zip, {pgp: {encrypt_to: {file: keys/partner.asc}}}]`."""
    temporary: str = ".{key}.part"
    """Name while it is written, which the partner must not take; `{key}` is the delivery's own and must be in it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_folder("folder", self.folder)
        if "{" not in self.name and not is_safe(self.name):
            raise ValueError("name: expected one file name, without folders or a leading dot")
        check_pack(listed_packing(self.pack))
        plain = self.temporary.replace("{key}", "")
        if "{key}" not in self.temporary or not re.fullmatch(r"[\w.~-]{0,40}", plain):
            raise ValueError(
                "temporary: one file name with {key} in it stands here, such as .{key}.part"
            )


def is_safe(name: str) -> bool:
    """Whether this is one file name: no folder, not hidden, nothing that cannot be printed."""
    if not name or name.startswith(".") or len(name.encode()) > LONGEST_NAME:
        return False
    return name.isprintable() and not set(name) & set("/\\")
