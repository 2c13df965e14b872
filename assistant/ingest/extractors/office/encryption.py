"""Decrypt Office files through msoffcrypto: OOXML packages inside an OLE compound file, and encrypted .doc, .xls and .ppt.

Tries the default passwords with which Excel and PowerPoint encrypt read-only files, then those of the user.
"""

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
UNSUPPORTED = "it is encrypted in a way that cannot be undone here"
DEFAULT_PASSWORDS = ("VelvetSweatshop", "/01Hannes Ruescher/01")
DAMAGE = (OSError, ValueError, IndexError, AssertionError, struct.error)  # what the libraries raise for damaged files
STREAMS = {
    "EncryptedPackage": "",
    "WordDocument": ".doc",
    "Workbook": ".xls",
    "Book": ".xls",
    "PowerPoint Document": ".ppt",
    "__properties_version1.0": ".msg",
}


def decrypt(source: Source, kind: str = "") -> Source:
    """Return the source decrypted, or as it is if it is not encrypted. Raises UnreadableFile if no password opens it.

    With a `kind` ("Word document"), the source must be an OOXML file: a compound file that holds none is refused.
    """
    if not source.data.startswith(OLD_CONTAINER):
        return source
    old = legacy_suffix(source.data)
    if kind and old:
        raise UnreadableFile(f"it is an old {old} file under a new name, no {kind}")
    found = _try_passwords(source)
    if kind and found is source:
        raise UnreadableFile(f"damaged: it is cut off or no {kind}")
    return found


def decrypt_old(source: Source) -> Source:
    """Return an encrypted .doc or .ppt decrypted. Raises UnreadableFile if its encryption is unknown or no password opens it."""
    found = decrypt(source)
    if found is source:
        raise UnreadableFile(UNSUPPORTED)
    return found


def legacy_suffix(data: bytes) -> str:
    """Return the suffix (".doc") of an Office file before 2007 by its streams, empty for any other file."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as file:
            top = {path[0] for path in file.listdir()}
    except DAMAGE:
        return ""
    return next((suffix for name, suffix in STREAMS.items() if name in top), "")


def _try_passwords(source: Source) -> Source:
    from msoffcrypto import OfficeFile
    from msoffcrypto.exceptions import FileFormatError, InvalidKeyError, ParseError

    try:
        file = OfficeFile(io.BytesIO(source.data))
        if not file.is_encrypted():
            return source
    except (FileFormatError, ParseError, *DAMAGE):  # not encrypted, or damaged: its reader says so
        return source
    for password in filter(None, (*DEFAULT_PASSWORDS, *source.passwords)):
        with suppress(InvalidKeyError, *DAMAGE):
            return replace(source, data=_decrypt_with(file, password))
    raise UnreadableFile(WRONG_PASSWORDS if source.passwords else ENCRYPTED)


def _decrypt_with(file: Any, password: str) -> bytes:  # noqa: ANN401  the library has no types
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
        raise UnreadableFile(UNSUPPORTED) from error
    return out.getvalue()
