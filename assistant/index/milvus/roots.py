"""The added and excluded paths of a shared library: their names, where this machine has them, and their leases."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assistant.errors import UsageError
from assistant.index.milvus.connection import MilvusConnection
from assistant.index.milvus.names import free_name, holds_any, name_of, require_name, require_same_folder
from assistant.index.milvus.rows import EXCLUDED, MOUNT, ROOT, gone_row, row_id, unpacked_text
from assistant.index.milvus.schema import LEDGER
from assistant.index.milvus.writer import Changes, MilvusWriter
from assistant.index.places import SharedPlace
from assistant.index.rights import WHOLE, Access
from assistant.system.paths import is_under


class MilvusRoots(MilvusWriter):
    """Changes of the added and excluded paths of a shared library."""

    def __init__(self, connection: MilvusConnection, place: SharedPlace, folder: Path, access: Access = WHOLE) -> None:
        super().__init__(connection, place, folder, access)
        self._chosen: dict[str, str] = {}  # names of roots that are about to be added

    def name_root(self, path: str, name: str) -> None:
        """Choose the name of a path that is about to be added; that of a root of another machine if it is the same folder.

        Raises UsageError if it cannot have this name.
        """
        require_name(name)
        with self.reading():
            known = self._name(path)
            if known not in {"", name}:
                raise UsageError(f"{path} is in the library already, with the name '{known}'.",
                                 f"Use that name on the other machines: --root {known}")
            place = self._mirror.names.to_local(name)  # where this machine has it
            if not known and place != name and os.path.exists(place):  # noqa: PTH110 - Path.exists raises in a closed folder
                raise UsageError(f"'{name}' is the name of {place} in this library.",
                                 f"Choose another name for {path}: --root NAME")
            if not known and (place != name or name in self._mirror.roots()):
                self._require_same_folder(name, path)
        self._chosen[path] = name

    def _require_same_folder(self, name: str, path: str) -> None:
        files = [self._mirror.names.to_shared(entry.path) for entry in self._mirror.ledger().values() if not entry.container]
        below = [file[len(name) + 1 :] for file in files if name_of(file) == name]
        if self._is_shown(self._mirror.names.to_local(name)):
            require_same_folder(name, path, below)
        elif not holds_any(path, below):  # the reader is not told what he may not see
            raise UsageError(f"{path} cannot have the name '{name}' in this library.", "Choose another name: --root NAME")

    def root_names(self) -> dict[str, str]:
        """Return the names of the added paths that this machine has, by path; of a single file with the file's name."""
        return {root: self._mirror.names.to_shared(root) for root in self.own_roots() if self._name(root)}

    def add_root(self, path: str) -> None:
        """Record an added path under the name that was chosen for it, or a free one; its files are known by that name.

        Files below it that were known by their absolute path, as in libraries of version 1, are renamed; nothing is read again.
        """
        with self._changing() as changes:
            root = self._root_for(path)
            if not name_of(path) and self._mirror.names.to_local(root) != path:
                self._mount(changes, root, path)
            self._mirror.add_root(path)
            known = self._mirror.root_values.get(root) or self._mirror.root_values.pop(path, {})
            kept = {name: value for name, value in known.items() if name != "writer"}  # that of version 1
            self._put_root(changes, {**kept, "path": root})
            if not name_of(path):
                self._mirror.own(path)
                changes.put(MOUNT, f"{self._shared.writer}\0{root}", {
                    "writer": self._shared.writer, "machine": platform.node(), "root": root, "path": path})

    def _put_root(self, changes: Changes, value: dict[str, Any]) -> None:
        """Record what the library holds of a root, unless it holds just that: another machine may be changing the groups."""
        if self._mirror.root_values.get(value["path"]) != value or row_id(ROOT, value["path"]) in changes.rows:
            self._mirror.root_values[value["path"]] = value
            changes.put(ROOT, value["path"], value)

    def set_groups(self, path: str, groups: Iterable[str]) -> None:
        """Let only these groups read an added path, on all machines; all, without any. Raises UsageError if it was not added."""
        with self._changing() as changes:
            root = self._mirror.stored_root(path)
            if not root:
                raise UsageError(f"{path} is no added folder of the library.", "See what is: assistant library groups NAME")
            self._put_root(changes, {**self._mirror.root_values[root], "groups": sorted(set(groups))})

    def _root_for(self, path: str) -> str:
        """Return the root of the library that a path is, or is to be. Raises UsageError if another root is inside it."""
        known = self._mirror.names.to_shared(path)
        if name_of(known):
            return known
        if inside := self._mirror.names.inside(path):
            raise UsageError(f"{path} holds {inside}, which was added under the name '{self._name(inside)}'.",
                             f"Remove that first: assistant remove {inside}")
        name = self._chosen.pop(path, "") or free_name(path, map(self._name, self._mirror.roots()))
        return f"{name}/{Path(path).name}" if Path(path).is_file() else name

    def _mount(self, changes: Changes, root: str, path: str) -> None:
        """Translate the paths below a root from now on; rename the files and exclusions that are known by absolute paths."""
        rows = [row for each in self._mirror.entries_under([path]) if (row := self._mirror.row(each))]
        excluded = [each for each in self._mirror.excluded() if is_under(each, [path])]
        for row in rows:
            self._drop_row(changes, row.entry.path)
        for each in excluded:
            changes.drop(EXCLUDED, each)
        if path in self._mirror.roots():
            changes.drop(ROOT, path)
        self._mirror.names.add(root, path)
        changes.renames = True
        for row in rows:
            self._put_row(changes, row)
        for each in excluded:
            self._put_excluded(changes, each)

    def _put_excluded(self, changes: Changes, path: str) -> None:
        shared = self._mirror.names.to_shared(path)
        changes.put(EXCLUDED, shared, {"path": shared})

    def drop_root(self, path: str) -> None:
        """Remove an added path, for all machines."""
        with self._changing() as changes:
            root = self._mirror.stored_root(path) or self._mirror.names.to_shared(path)
            self._mirror.drop_root(path)
            changes.drop(ROOT, root)
            for row in self._connection.query(LEDGER, f'kind == "{MOUNT}"', ("id", "value")):
                if json.loads(unpacked_text(row["value"]))["root"] == root:
                    changes.rows[row["id"]] = {**gone_row(MOUNT, ""), "id": row["id"]}
            changes.renames = True

    def exclude(self, path: str) -> None:
        """Exclude a path from its root."""
        with self._changing() as changes:
            self._mirror.exclude(path)
            self._put_excluded(changes, path)

    def include(self, path: str) -> None:
        """Include a path again, with everything excluded below it."""
        with self._changing() as changes:
            before = set(self._mirror.excluded())
            self._mirror.include(path)
            for included in before - set(self._mirror.excluded()):
                changes.drop(EXCLUDED, self._mirror.names.to_shared(included))

    # leases

    def hold(self, roots: Iterable[str]) -> dict[str, str]:
        """Take or renew the leases of added paths; return the machine that keeps each of the others up to date, by path."""
        self._require_writable()
        wanted = list(roots)
        for root in set(wanted).intersection(self.own_roots()):
            if not self._name(root):  # of version 1
                self.add_root(root)
        elsewhere: dict[str, str] = {}
        for name in sorted({self._name(root) for root in wanted} - {""}):
            lease, is_taken_over = self._leases.take(name)
            if is_taken_over:
                self._read_again()
            if lease.holder != self._shared.writer:
                elsewhere[name] = lease.machine or "another machine"
        return {root: elsewhere[self._name(root)] for root in wanted if self._name(root) in elsewhere}

    def renew(self) -> None:
        """Renew the leases that this process holds, if they are due."""
        self._leases.renew()

    def release(self) -> None:
        """Let other machines take over the roots that this process holds."""
        self._leases.release()
