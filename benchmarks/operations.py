"""Apply random file operations to a folder and record what a library reports about it.

The operations are those of people and programs at work: files written at once and piece by piece, saved as editors do it,
renamed, moved, copied, touched, edited and taken back, folders renamed and removed, many files at once, ignore files.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import checkout  # noqa: F401 - the checkout's own package

from assistant import Assistant
from assistant.index import Store

Known = dict[str, tuple[object, ...]]
"""What a library says of each file."""

WORDS = ("rent lease notice chimney pump boiler valve invoice ledger meadow harbour granite violin teapot compass lantern "
         "orchard saddle thimble walnut 合同 违约金 咖啡 发票 仓库 天气").split()
NAMES = ("report", "notes", "plan", "letter", "table", "log", "draft", "总结")
SUFFIXES = (".md", ".txt", ".csv", ".py", ".xyz", ".md", ".txt")
FOLDERS = ("work", "home", "old", "new", "a b", "资料")


class Operations:
    """Random operations on the files of one folder; the same seed does the same."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self._random = random.Random(seed)
        self._before: dict[Path, bytes] = {}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "stays.md").write_text("This file stays where it is.", "utf-8")  # an empty root counts as away
        self._kinds: list[tuple[Callable[[], None], int]] = [
            (self.write, 20), (self.edit, 20), (self.append_slowly, 4), (self.save_aside, 12), (self.delete, 10),
            (self.rename, 8), (self.move, 8), (self.copy, 6), (self.touch, 5), (self.revert, 5), (self.rename_folder, 4),
            (self.remove_folder, 1), (self.make_many, 1), (self.leave_lock, 4), (self.ignore, 2), (self.hide, 2),
            (self.replace_by_folder, 1),
        ]

    def one(self) -> None:
        """Do one operation."""
        kinds, weights = zip(*self._kinds, strict=True)
        try:
            self._random.choices(kinds, weights)[0]()
        except (OSError, shutil.Error):
            return  # what was to be moved lies in a folder that is itself moved, and the like

    def prune(self, most: int) -> None:
        """Delete files until there are no more than so many."""
        files = self.files()
        for path in self._random.sample(files, max(0, len(files) - most)):
            path.unlink()

    def text(self) -> bytes:
        """Return a few paragraphs."""
        count = self._random.choice((1, 1, 2, 3, 8))
        return "\n\n".join(" ".join(self._random.choices(WORDS, k=self._random.randint(3, 40))) for _ in range(count)).encode()

    def files(self) -> list[Path]:
        """Return the files that there are, but for the one that stays."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file() and path.name != "stays.md")

    def any_file(self) -> Path:
        """Return one of the files; a new one where there is none."""
        files = self.files()
        return self._random.choice(files) if files else self.new_path()

    def any_folder(self) -> Path:
        """Return one of the folders, the top one among them."""
        return self._random.choice([*sorted(path for path in self.folder.rglob("*") if path.is_dir()), self.folder])

    def new_path(self) -> Path:
        """Return a path in one of the folders or in a new one."""
        folder = self.any_folder()
        if self._random.random() < 0.3 and len(folder.relative_to(self.folder).parts) < 4:
            folder = folder / self._random.choice(FOLDERS)
        folder.mkdir(exist_ok=True)
        return folder / f"{self._random.choice(NAMES)}{self._random.randint(0, 30)}{self._random.choice(SUFFIXES)}"

    def write(self) -> None:
        """Write a new file."""
        self.new_path().write_bytes(self.text())

    def edit(self) -> None:
        """Change a file in place."""
        path = self.any_file()
        self._before[path] = path.read_bytes()
        path.write_bytes(self._before[path] + b"\n\n" + self.text())

    def append_slowly(self) -> None:
        """Write a file in three pieces."""
        with self.new_path().open("ab", buffering=0) as file:
            for _ in range(3):
                file.write(self.text() + b"\n\n")

    def save_aside(self) -> None:
        """Save as editors do: aside, and then in the place of the old file."""
        path = self.any_file()
        aside = path.with_name(f".{path.name}.swp") if self._random.random() < 0.5 else path.with_name(path.name + ".tmp")
        aside.write_bytes(self.text())
        aside.replace(path)

    def delete(self) -> None:
        """Delete a file."""
        self.any_file().unlink()

    def rename(self) -> None:
        """Give a file another name in its folder."""
        path = self.any_file()
        path.rename(path.with_name(self._random.choice(NAMES) + str(self._random.randint(0, 99)) + path.suffix))

    def move(self) -> None:
        """Move a file to another folder under its own name."""
        path = self.any_file()
        path.replace(self.any_folder() / path.name)

    def copy(self) -> None:
        """Copy a file."""
        shutil.copy(self.any_file(), self.new_path())

    def touch(self) -> None:
        """Give a file a new time."""
        os.utime(self.any_file())

    def revert(self) -> None:
        """Take an edit back."""
        if self._before:
            path, content = self._before.popitem()
            path.write_bytes(content)

    def rename_folder(self) -> None:
        """Give a folder another name, or move it into another."""
        folder = self.any_folder()
        target = self.any_folder() / self._random.choice(FOLDERS)
        if folder != self.folder and not target.exists() and not target.is_relative_to(folder):
            folder.rename(target)

    def remove_folder(self) -> None:
        """Remove a folder with all that is in it."""
        if (folder := self.any_folder()) != self.folder:
            shutil.rmtree(folder)

    def make_many(self) -> None:
        """Write many files at once, as a checkout does."""
        folder = self.any_folder() / f"many{self._random.randint(0, 99)}"
        folder.mkdir()
        for number in range(60):
            (folder / f"{number}.md").write_bytes(self.text())

    def leave_lock(self) -> None:
        """Leave a lock file or an unfinished download, or take them away."""
        name = self._random.choice(("~$report.docx", "report.pdf.part", "film.crdownload", ".#notes", "notes~"))
        path = self.any_folder() / name
        path.unlink() if path.exists() else path.write_bytes(b"lock")

    def ignore(self) -> None:
        """Change what a folder leaves out."""
        path = self.any_folder() / self._random.choice((".gitignore", ".assistantignore"))
        path.unlink() if path.exists() else path.write_text(self._random.choice(("*.csv\n", "old/\n", "report*\n!report1*\n")))

    def hide(self) -> None:
        """Move a file out of sight, or write one there."""
        hidden = self.folder / ".hidden"
        hidden.mkdir(exist_ok=True)
        if inside := sorted(hidden.iterdir()):
            inside[0].replace(self.any_folder() / inside[0].name)
        else:
            path = self.any_file()
            path.replace(hidden / path.name)

    def replace_by_folder(self) -> None:
        """Put a folder in the place of a file."""
        path = self.any_file()
        path.unlink()
        path.mkdir()
        (path / "inside.md").write_bytes(self.text())


def sqlite_store(assistant: Assistant) -> Store:
    """Return the library of an assistant, which is in SQLite."""
    store = assistant._store()
    assert isinstance(store, Store)
    return store


def snapshot(store: Store) -> Known:
    """Return all that a library says, file by file; times, ids and roots left out, and sizes of what was refused."""
    entries = store.ledger()
    rows = store._rows(
        "SELECT path, ordinal, text, context, char_start, char_end, line_start, line_end, heading, vector_key, "
        "(SELECT count(*) FROM vectors WHERE key = vector_key), (SELECT count(*) FROM pending_embeddings WHERE chunk = id), "
        "(SELECT count(*) FROM words WHERE rowid = id), (SELECT title FROM files WHERE files.path = chunks.path) "
        "FROM chunks ORDER BY path, ordinal")
    by_path: dict[str, list[object]] = {path: [] for path in entries}
    for path, *rest in rows:
        by_path[path].append(rest)
    return {path: (entry.state.value, entry.reason, entry.size if entry.content_hash else 0, entry.content_hash, entry.chunks,
                   entry.notes, by_path[path]) for path, entry in entries.items()}


def fresh_snapshot(assistant: Assistant, folder: Path) -> Known:
    """Return what an empty library says when the folder is added to it."""
    assistant.add([folder])
    return snapshot(sqlite_store(assistant))
