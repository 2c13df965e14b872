"""What the clients of `serve` and `mcp` may see: some libraries, or some files of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assistant.config import load_settings
from assistant.datatypes import EVERY_FILE, Filter
from assistant.errors import NotFound

if TYPE_CHECKING:
    from assistant.config import Settings


@dataclass(frozen=True, slots=True)
class Scope:
    """Restricts clients to libraries and files.

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

        known = library_names(load_settings(self.flags).libraries_folder)
        return tuple(name for name in known if not self.libraries or name in self.libraries)

    def settings(self, library: str = "") -> Settings:
        """Return the effective settings for a library, or for several separated by commas; for none, the default.

        Read anew for each request, so that a change of config.toml takes effect. Raises NotFound for a library that does not
        exist or is outside the scope: a client cannot tell which.
        """
        names = requested_names(library) or self.libraries or load_settings(self.flags).libraries
        known = self.library_names()
        for name in names:
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


def requested_names(library: str) -> tuple[str, ...]:
    """Return the library names in a text, separated by commas."""
    return tuple(dict.fromkeys(name.strip() for name in library.split(",") if name.strip()))
