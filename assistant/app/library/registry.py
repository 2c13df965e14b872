"""List, create, rename, export, import and delete the libraries of a home folder, and change their settings.

A shared library has a folder here too, which says where it lives and holds this machine's settings for it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.app.assistant import Assistant
from assistant.app.library.archive import SETTINGS, Manifest, pack, read_manifest, unpack
from assistant.app.library.conversations import forget_text
from assistant.app.library.transfer import transfer
from assistant.config import LIBRARY_SETTINGS, Settings, abbreviated, overlay, read_config, save_choice, validated
from assistant.datatypes import Finding, ImportReport, LibraryStatus, OnProgress, Severity
from assistant.errors import NO_ROOM, AssistantError, DiskFull, LibraryBusy, LibraryUnwritable, NothingIndexed, UsageError
from assistant.history import Sessions
from assistant.index import PRIVATE_FOLDER, LibraryStore, SqliteLibrary, open_library
from assistant.index.places import LIBRARY_FILE, create_link, file_in, is_shared, read_link
from assistant.index.rights import Access
from assistant.models.llama.kv_cache import keep_documents
from assistant.system.paths import absolute, require_new

OPEN_FILES_HOLD = os.name == "nt"  # Windows cannot move a folder with an open file in it


def list_libraries(settings: Settings) -> tuple[tuple[LibraryStatus, ...], tuple[Finding, ...]]:
    """Return the status of each library, by name, and a finding for each that cannot be opened."""
    held: list[LibraryStatus] = []
    wrong: list[Finding] = []
    for name in library_names(settings.libraries_folder):
        try:
            held.append(status_of(settings, name))
        except (AssistantError, OSError) as error:
            wrong.append(unopened(name, error))
    return tuple(held), tuple(wrong)


def unopened(name: str, error: AssistantError | OSError) -> Finding:
    """Return the finding for a library that cannot be opened."""
    if isinstance(error, AssistantError):
        return Finding(f"library {name}", Severity.ERROR, str(error), error.hint)
    return Finding(f"library {name}", Severity.ERROR, f"The library cannot be opened: {error.strerror or error}.",
                   "Check the permissions of its folder.")


def library_names(folder: Path) -> list[str]:
    """Return the names of the libraries in a folder."""
    return sorted(each.name for each in folder.glob("*/") if not each.name.startswith(".") and file_in(each).exists())


def status_of(settings: Settings, name: str) -> LibraryStatus:
    """Return the status of a library. Raises NothingIndexed if it does not exist."""
    with Assistant(replace(settings, library=name)) as assistant:
        return assistant.status()


def create(settings: Settings, name: str, own: Mapping[str, str], place: str = "", *, is_read_only: bool = False) -> Path:
    """Create an empty library with its own settings; return its folder. Raises UsageError if the name is taken.

    With a place, the library is shared: what is already there is linked, and only read here if `is_read_only`. Raises what the
    store raises if it cannot be opened.
    """
    if is_read_only and not place:
        raise UsageError("Only a shared library can be read-only.", "Say where it lives: --at PLACE")
    folder = free_folder(settings, name)
    require_library_settings(settings, own)
    with new_store(folder, place, is_read_only=is_read_only):
        pass
    if own:
        set_library_settings(settings, name, own)
    return folder


@contextmanager
def new_store(folder: Path, place: str, *, is_read_only: bool = False) -> Iterator[LibraryStore]:
    """Open the store of a new library, and close it afterwards; if it cannot be opened or used, the folder is removed again."""
    try:
        if place:
            create_link(folder, place, is_read_only=is_read_only)
        with closing(open_library(folder)) as store:
            yield store
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def place_of(folder: Path) -> str:
    """Return where the library of a folder lives: the address of a shared one, or the folder."""
    return read_link(file_in(folder)).address if is_shared(folder) else str(folder)


def delete(settings: Settings, name: str) -> None:
    """Delete a library atomically with all its data, also in the saved conversations; the user's files stay.

    Of a shared one, delete only what is here: its files stay in it, and the conversations as they are.
    """
    folder = existing_folder(settings, name)
    with exclusive_lock(folder) as lock:
        if not is_shared(folder):
            with saved_conversations(settings) as sessions:  # first, as in `rename`
                forget_text(sessions, settings.libraries_folder, name, lambda cited: cited.kind == "file")
        aside = folder.with_name(f".{name}.{os.getpid()}.deleted")
        release_before_move(lock)
        move(folder, aside)
    shutil.rmtree(aside)
    keep_documents(settings.home, name, tuple, library_names(settings.libraries_folder))


def rename(settings: Settings, name: str, new: str) -> Path:
    """Rename a library, also in the saved conversations; return its new folder. Raises UsageError if the name is taken."""
    folder, target = existing_folder(settings, name), free_folder(settings, new)
    with exclusive_lock(folder) as lock:
        with saved_conversations(settings) as sessions:  # first: a command that was stopped after the move could not be repeated
            sessions.rename_library(name, new)
        release_before_move(lock)
        move(folder, target)
    return target


@contextmanager
def saved_conversations(settings: Settings) -> Iterator[Sessions]:
    """Yield the saved conversations to change them. Raises LibraryUnwritable."""
    try:
        yield Sessions(settings.sessions_folder)
    except OSError as error:
        raise LibraryUnwritable(f"A saved conversation cannot be written: {error.strerror or error}.",
                                "Check the permissions of the home folder, then run the command again.") from error


def export(settings: Settings, name: str, target: Path, on_progress: OnProgress) -> int:
    """Export a library to one file; return its size in bytes. Raises UsageError if the file exists."""
    require_new(target, allows_stream=False)
    target = absolute(target)
    folder = existing_folder(settings, name)
    if not is_shared(folder):
        return pack(folder, status_of(settings, name), target, on_progress)
    with copied_library(folder, Access(settings.reader_groups, is_whole=False), on_progress) as copy:
        return pack(copy, status_of(settings, name), target, on_progress)


@contextmanager
def copied_library(folder: Path, access: Access, on_progress: OnProgress) -> Iterator[Path]:
    """Yield a folder with a copy in SQLite of what a reader may see of a shared library; it is removed afterwards."""
    copy = folder.with_name(f".{folder.name}.{os.getpid()}.copy")
    try:
        copy.mkdir(mode=PRIVATE_FOLDER)
        with closing(open_library(folder, access)) as source, closing(SqliteLibrary(copy / LIBRARY_FILE)) as target:
            transfer(source, target, on_progress)
        if (folder / SETTINGS).exists():
            shutil.copyfile(folder / SETTINGS, copy / SETTINGS)
        yield copy
    except OSError as error:
        kind = DiskFull if error.errno in NO_ROOM else LibraryUnwritable
        raise kind(f"{copy} cannot be written: {error.strerror or error}.", "Check the disk and its permissions.") from error
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def import_library(settings: Settings, source: Path, name: str, on_progress: OnProgress, place: str = "") -> ImportReport:
    """Import an exported library, with a place into an empty shared one. Nothing changes before it is verified.

    Returns its status, its folders that are not on this machine, and those that another library also has.
    """
    manifest = read_manifest(source)
    name = name or manifest.name
    folder = free_folder(settings, name, " (--as NAME)")
    aside = folder.with_name(f".{name}.{os.getpid()}.partial")
    try:
        aside.mkdir(mode=PRIVATE_FOLDER, parents=True)
        unpack(source, manifest, aside, on_progress)
        if (aside / SETTINGS).exists():
            require_library_settings(settings, read_config(aside / SETTINGS), str(source))
        if place:
            share(aside, folder, place, on_progress)
        else:
            move(aside, folder)
    except OSError as error:
        kind = DiskFull if error.errno in NO_ROOM else LibraryUnwritable
        raise kind(f"{folder} cannot be written: {error.strerror or error}.", "Check the disk and its permissions.") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return import_report(settings, name, manifest)


def share(unpacked: Path, folder: Path, place: str, on_progress: OnProgress) -> None:
    """Copy an unpacked library to a shared place, and link a folder to it."""
    with closing(SqliteLibrary(unpacked / LIBRARY_FILE)) as source, new_store(folder, place) as target:
        transfer(source, target, on_progress)
        if (unpacked / SETTINGS).exists():
            shutil.copyfile(unpacked / SETTINGS, folder / SETTINGS)


def import_report(settings: Settings, name: str, manifest: Manifest) -> ImportReport:
    """Return the status of an imported library and compare its folders with this machine."""
    others, _ = list_libraries(settings)
    taken = {root: other.name for other in others if other.name != name for root in other.roots}
    away = tuple(root for root in manifest.roots if not os.path.exists(root))  # noqa: PTH110 - never raises
    shared = tuple((root, taken[root]) for root in manifest.roots if root in taken)
    return ImportReport(status_of(settings, name), away, shared)


def set_library_settings(settings: Settings, name: str, own: Mapping[str, str]) -> Path:
    """Change the settings of a library; return the file. Raises UsageError for an invalid or global setting."""
    folder = existing_folder(settings, name)
    file = folder / SETTINGS
    require_library_settings(settings, {**read_config(file), **own})
    save_choice(file, own)
    return file


def require_library_settings(settings: Settings, own: Mapping[str, object], origin: str = "The command") -> None:
    """Raise UsageError if a library cannot have these settings."""
    for key in own:
        if key not in LIBRARY_SETTINGS:
            raise UsageError(f"{origin} sets {abbreviated(key)}, which a library cannot override.",
                             f"Settings of a library: {', '.join(LIBRARY_SETTINGS)}.")
    validated(overlay(settings, own, origin))


def existing_folder(settings: Settings, name: str) -> Path:
    """Return a library's folder. Raises NothingIndexed if it does not exist."""
    folder = folder_of(settings, name)
    if not file_in(folder).exists():
        raise NothingIndexed(f"There is no library '{name}'.", "List the libraries: assistant library list")
    return folder


def folder_of(settings: Settings, name: str) -> Path:
    """Return the folder for a library name. Raises UsageError if the name is invalid."""
    if "," in name or name != name.strip():
        raise UsageError(f"{abbreviated(name)} is not a valid library name.", "Use letters, digits, '-' and '_'.")
    return validated(replace(settings, library=name)).libraries_folder / name


def free_folder(settings: Settings, name: str, option: str = "") -> Path:
    """Return the folder for a new library. Raises UsageError if the name is taken or invalid.

    option: how the command takes another name, if not as its argument
    """
    folder = folder_of(settings, name)
    if os.path.lexists(folder):
        raise UsageError(f"The library '{name}' already exists.",
                         f"Choose another name{option}, or delete that library first: assistant library delete {name}")
    return folder


def move(folder: Path, target: Path) -> None:
    """Rename a folder atomically. Raises LibraryUnwritable."""
    try:
        folder.rename(target)
    except OSError as error:
        raise LibraryUnwritable(f"{folder} cannot be moved: {error.strerror or error}.",
                                "Close the programs that use it (assistant engine stop), then try again.") from error


@contextmanager
def exclusive_lock(folder: Path) -> Iterator[FileLock]:
    """Hold the write lock of a library. Raises LibraryBusy if another program has it."""
    lock = FileLock(folder / "writer.lock")
    try:
        held = lock.acquire(timeout=0)
    except Timeout as error:
        raise LibraryBusy("Another program is writing to this library.", "Wait until it has finished, then try again.") from error
    with held:
        yield lock


def release_before_move(lock: FileLock) -> None:
    """Release a folder's lock on Windows, where the open lock file would prevent moving the folder (as a writer's would)."""
    if OPEN_FILES_HOLD:
        lock.release()
