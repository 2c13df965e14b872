"""Parse the address of a shared library: a Milvus server, or a file of milvus-lite."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from assistant.errors import UsageError
from assistant.index.places import FORM
from assistant.system.confinement import is_loopback
from assistant.system.paths import absolute

PORT = 19530
DEFAULT_DATABASE = "default"
DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
ENCRYPTED, PLAIN = "milvus", "milvus+plain"


@dataclass(frozen=True, slots=True)
class MilvusAddress:
    """A database of a server, or a file: `path` is "" for a server."""

    host: str = ""
    port: int = PORT
    database: str = DEFAULT_DATABASE
    is_plain: bool = False  # whether the user asked for a connection without TLS
    path: str = ""

    @property
    def machine(self) -> str:
        """The server as it is named to the user, HOST:PORT, or the path of the file."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.path or f"{host}:{self.port}"

    @property
    def text(self) -> str:
        """The address in full."""
        if self.path:
            return f"{ENCRYPTED}://{Path(self.path).as_posix()}"
        return f"{PLAIN if self.is_plain else ENCRYPTED}://{self.machine}/{self.database}"

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection uses TLS: always, unless the server is this machine or the user asked for none."""
        return not (self.path or self.is_plain or is_loopback(self.host))

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"{'https' if self.is_encrypted else 'http'}://{self.machine}"


def parse_address(address: str) -> MilvusAddress:
    """Return the place that an address names. Raises UsageError if it is invalid or contains a password."""
    scheme, separator, rest = address.strip().partition("://")
    if not separator:
        return parse_path(address.strip())
    if rest.startswith("/"):
        return parse_path(rest)
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname or "", parts.port or PORT
    except ValueError as error:
        raise UsageError(f"The address {address} is not valid.", FORM) from error
    if parts.username or parts.password:
        raise UsageError("The address of the shared library contains a user name or a password.",
                         "Remove it; put USER:PASSWORD or the token into the environment variable ASSISTANT_LIBRARY_TOKEN.")
    database = parts.path.strip("/") or DEFAULT_DATABASE
    if scheme.lower() not in {ENCRYPTED, PLAIN} or not host or parts.query or parts.fragment or not DATABASE.fullmatch(database):
        raise UsageError(f"The address {address} is not valid.", FORM)
    return MilvusAddress(host, port, database, scheme.lower() == PLAIN)


def parse_path(path: str) -> MilvusAddress:
    """Return the file of milvus-lite at a path. Raises UsageError if its name does not end in .db."""
    file = str(absolute(Path(path)))
    if not file.endswith(".db"):
        raise UsageError(f"{path} is no place for a shared library.", FORM)
    return MilvusAddress(path=file)
