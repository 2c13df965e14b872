"""What the clients of `serve` and `mcp` may see: some libraries, or some files of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from assistant.config import load_settings
from assistant.datatypes import EVERY_FILE, Filter
from assistant.errors import NotFound, UsageError

if TYPE_CHECKING:
    from assistant.config import Settings

LONGEST_NAME = 100  # characters of a library's name that are looked up


@dataclass(frozen=True, slots=True)
class Scope:
    """Restricts clients to libraries and files. Shared libraries are never visible: these servers and the engine use no network.

    libraries: names; all libraries if empty
    paths: files, folders or patterns as in a filter; all files if empty
    flags: settings of the command line, such as the chat model
    """

    libraries: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    flags: Mapping[str, str | int] = field(default_factory=dict)

    def library_names(self) -> tuple[str, ...]:
        """Return the names of the libraries that exist and that clients may see, sorted."""
        from assistant.app.library.registry import library_names

        settings = load_settings(self.flags)
        known = library_names(settings.libraries_folder)
        return tuple(name for name in known if self._allows(name) and not settings.is_shared(name))

    def _allows(self, name: str) -> bool:
        return not self.libraries or name in self.libraries

    def require_local(self) -> None:
        """Raise UsageError if a library that is to be served, or the default one if none is named, is shared."""
        settings = load_settings(self.flags)
        for name in filter(settings.is_shared, self.libraries or settings.libraries):
            raise shared_library_refused(name)

    def settings(self, library: str = "") -> Settings:
        """Return the effective settings for a library, or for several separated by commas; for none, the default.

        Read anew for each request, so that a change of config.toml takes effect. Raises NotFound for a library that does not
        exist or is outside the scope: a client cannot tell which. Raises UsageError for a shared library.
        """
        default = load_settings(self.flags)
        names = requested_names(library) or self.libraries or default.libraries
        known = self.library_names()
        for name in names:
            if self._allows(name) and name not in known and is_plain(name) and default.is_shared(name):
                raise shared_library_refused(name)
            if name not in known:
                raise NotFound(f"There is no library '{name[:100]}'.", f"Libraries: {', '.join(known) or 'none yet'}.")
        settings = load_settings({**self.flags, "library": ",".join(names)})
        if self.libraries or self.paths:
            return replace(settings, use_facts=False)  # saved facts belong to no library and no file
        return settings

    def settings_of_tables(self) -> Settings:
        """Return settings with all visible libraries, to read their tables together: no model is asked about those.

        Raises NotFound if there is no library.
        """
        names = self.library_names()
        if not names:
            raise NotFound("There are no libraries yet.", "The user can add files: assistant add FOLDER")
        return replace(self.settings(names[0]), library=",".join(names))

    def filter(self, wanted: Filter = EVERY_FILE) -> Filter:
        """Return a filter restricted to the paths of the scope."""
        return replace(wanted, within=self.paths) if self.paths else wanted


def is_plain(name: str) -> bool:
    """Return whether a name that a client sent is the name of a folder, not a path."""
    return name.isprintable() and PurePath(name).name == name and len(name) <= LONGEST_NAME


def shared_library_refused(name: str) -> UsageError:
    """Return the error for a request to serve a shared library."""
    return UsageError(f"'{name}' is a shared library, which serve, mcp and the engine cannot open: they use no network.",
                      "Ask it with: assistant search, ask or chat. Serve libraries of this machine: -L NAME")


def requested_names(library: str) -> tuple[str, ...]:
    """Return the library names in a text, separated by commas."""
    return tuple(dict.fromkeys(name.strip() for name in library.split(",") if name.strip()))
