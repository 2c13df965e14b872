"""Where a library lives: an SQLite file in its folder, or a shared place that a link file in the folder names.

The module of a shared place is imported only when such a library is opened, so its packages need not be installed otherwise.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from assistant.errors import LibraryDamaged, LibraryUnwritable, UsageError
from assistant.index.database import PRIVATE_FOLDER
from assistant.index.interfaces import LibraryStore
from assistant.index.rights import WHOLE, Access
from assistant.index.sqlite_library import SqliteLibrary
from assistant.system.atomic_files import PRIVATE_FILE, write_atomically
from assistant.system.paths import LIBRARY_LINK

LIBRARY_FILE = "library.sqlite"
BACKENDS = {scheme: "assistant.index.milvus" for scheme in ("milvus", "milvus+plain")}
FORM = "Write it as milvus://HOST:PORT/DATABASE, or as the path of a file that ends in .db."


@dataclass(frozen=True, slots=True)
class SharedPlace:
    """The address of a shared library, and the id under which this machine writes to it."""

    address: str  # such as "milvus://host:19530/team"
    writer: str
    is_read_only: bool = False  # whether this machine only reads it

    @property
    def scheme(self) -> str:
        """The name of the backend."""
        return self.address.partition(":")[0]


class Backend(Protocol):
    """What the module of a shared place offers."""

    def canonical(self, address: str) -> str:
        """Return the full form of an address. Raises UsageError if it is invalid."""

    def open_shared(self, place: SharedPlace, folder: Path, access: Access) -> LibraryStore:
        """Open the library at a place, whole or for a reader, or create it there."""


def backend_of(address: str) -> Backend:
    """Return the module that opens libraries at an address. Raises UsageError if there is none."""
    scheme, separator, _ = address.partition("://")
    module = BACKENDS.get(scheme.lower() if separator else "milvus")
    if module is None:
        raise UsageError(f"'{scheme}://' is no place for a shared library.", FORM)
    return cast("Backend", import_module(module))


def file_in(folder: Path) -> Path:
    """Return the file that makes a folder a library: the link to a shared place if there is one, or else the SQLite file."""
    link = folder / LIBRARY_LINK
    return link if link.exists() else folder / LIBRARY_FILE


def open_library(folder: Path, access: Access = WHOLE) -> LibraryStore:
    """Open the library of a folder; an SQLite file is created if there is none. Raises what the store raises.

    A shared library is opened whole, or as far as a reader may see it; a library of this machine always whole.
    """
    link = folder / LIBRARY_LINK
    if not link.exists():
        return SqliteLibrary(folder / LIBRARY_FILE)
    place = read_link(link)
    return backend_of(place.address).open_shared(place, folder, access)


def is_shared(folder: Path) -> bool:
    """Return whether a folder links to a shared library."""
    return (folder / LIBRARY_LINK).exists()


def require_writable(place: SharedPlace) -> None:
    """Raise UsageError if this machine only reads the library at a place."""
    if place.is_read_only:
        raise UsageError(f"The library at {place.address} is linked read-only on this machine.",
                         "To write, delete the link (assistant library delete NAME) and create it again without --read-only.")


def create_link(folder: Path, address: str, *, is_read_only: bool = False) -> SharedPlace:
    """Link a folder to a shared place and return the place. Raises UsageError for an invalid address, or LibraryUnwritable."""
    place = SharedPlace(backend_of(address).canonical(address), secrets.token_hex(8), is_read_only)
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        write_atomically(folder / LIBRARY_LINK, json.dumps(asdict(place)).encode(), PRIVATE_FILE)
    except OSError as error:
        raise LibraryUnwritable(f"{folder} cannot be written: {error.strerror or error}.",
                                "Check its permissions, or set ASSISTANT_HOME.") from error
    return place


def read_link(link: Path) -> SharedPlace:
    """Return the place that a link file names. Raises LibraryDamaged if it names none."""
    try:
        said = json.loads(link.read_text("utf-8"))
        return SharedPlace(str(said["address"]), str(said["writer"]), bool(said.get("is_read_only", False)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LibraryDamaged(f"{link} does not say where the library lives.",
                             "Delete the library here (assistant library delete NAME) and link it again with --at.") from error
