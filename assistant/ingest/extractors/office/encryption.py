"""Office files that Office wrapped, encrypted or not, in; what is inside of them, opened with the passwords given, out."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from dataclasses import replace
from typing import Any

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.source import Source
from assistant.ingest.extractors.zip_package import OLD_CONTAINER

ENCRYPTED = "it is encrypted: a password is needed"
WRONG_PASSWORDS = "it is encrypted: none of the given passwords opens it"
WITHOUT_ASKING = ("VelvetSweatshop", "/01Hannes Ruescher/01")  # what Excel and PowerPoint encrypt read-only files with
DAMAGE = (OSError, ValueError, IndexError, AssertionError, struct.error)  # what the libraries raise for damaged files
STREAMS = {
    "EncryptedPackage": "",
    "WordDocument": ".doc",
    "Workbook": ".xls",
    "Book": ".xls",
    "PowerPoint Document": ".ppt",
    "__properties_version1.0": ".msg",
}


def opened(source: Source, kind: str = "") -> Source:
    """Return the source with its encryption undone. Raises UnreadableFile where no password that was given does that.

    `kind` ("Word document") is what the caller reads: a file of the old Office formats is refused then by its name.
    """
    if not source.data.startswith(OLD_CONTAINER):
        return source
    old = old_suffix(source.data)
    if kind and old:
        raise UnreadableFile(f"it is an old {old} file under a new name, no {kind}")
    found = _decrypted(source)
    if kind and found is source:
        raise UnreadableFile(f"damaged: it is cut off or no {kind}")
    return found


def old_suffix(data: bytes) -> str:
    """Return the suffix that fits a file of the old Office formats (".doc"), whatever its name; nothing for others."""
    return STREAMS.get(next((name for name in STREAMS if name in _streams(data)), ""), "")


def _streams(data: bytes) -> frozenset[str]:
    """Return the names at the top of an OLE file; none where it is damaged, or no such file."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as file:
            return frozenset(path[0] for path in file.listdir())
    except DAMAGE:
        return frozenset()


def _decrypted(source: Source) -> Source:
    from msoffcrypto import OfficeFile
    from msoffcrypto.exceptions import FileFormatError, InvalidKeyError, ParseError

    try:
        file = OfficeFile(io.BytesIO(source.data))
        if not file.is_encrypted():
            return source
    except (FileFormatError, ParseError, *DAMAGE):  # not of a kind that is ever encrypted, or damaged: its reader will say
        return source
    for password in filter(None, (*WITHOUT_ASKING, *source.passwords)):
        with suppress(InvalidKeyError, *DAMAGE):
            return replace(source, data=_unlocked(file, password))
    raise UnreadableFile(WRONG_PASSWORDS if source.passwords else ENCRYPTED)


def _unlocked(file: Any, password: str) -> bytes:  # noqa: ANN401  the library has no types
    """Return the decrypted file. Raises InvalidKeyError, or what else the library raises for a wrong password."""
    from msoffcrypto.exceptions import DecryptionError, InvalidKeyError

    out = io.BytesIO()
    try:
        if file.format == "ooxml":
            file.load_key(password=password, verify_password=True)
        else:
            file.load_key(password=password)
        file.decrypt(out)
    except InvalidKeyError:
        raise
    except DecryptionError as error:
        raise UnreadableFile("it is encrypted in a way that cannot be undone here") from error
    return out.getvalue()
