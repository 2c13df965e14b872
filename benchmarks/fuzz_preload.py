"""Import the libraries of all parsers once, in the server that forks the children of a fuzz test."""

import email.mime.multipart  # noqa: F401
from importlib import import_module

import checkout  # noqa: F401

from assistant.ingest.extractors.registry import OPENERS, READERS

for library in ("bs4", "lxml.etree", "olefile", "PIL.Image", "pypdf", "pypdfium2", "python_calamine", "msoffcrypto"):
    import_module(library)
for entry in (*READERS.values(), *OPENERS.values()):
    import_module(f"assistant.ingest.extractors.registry.{entry.module}")  # type: ignore[attr-defined]
