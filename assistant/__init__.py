"""Private assistant: answer questions from your own files, offline, with a source for every claim.

    from pathlib import Path
    from assistant import Assistant, load_settings

    with Assistant(load_settings()) as assistant:
        assistant.add([Path("~/contracts")])
        print(assistant.ask("When does the lease end?").answer.text)
"""

import os
from importlib import import_module

TYPE_CHECKING = False  # type checkers know it; `python -m assistant` would look for `typing` in the current folder
if TYPE_CHECKING:
    from assistant.app.assistant import Assistant
    from assistant.config import Settings, load_settings
    from assistant.datatypes import Answer, Citation, Hit, Location, SearchResult
    from assistant.errors import AssistantError

__version__ = "0.1.0"
__all__ = ["Answer", "Assistant", "AssistantError", "Citation", "Hit", "Location", "SearchResult", "Settings", "load_settings"]

PLACES = {"Assistant": "app.assistant", "AssistantError": "errors", "Settings": "config", "load_settings": "config"}


def __getattr__(name: str) -> object:
    """Import a public name on first use, since a command needs few of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"assistant.{PLACES.get(name, 'datatypes')}"), name)


if os.environ.get("ASSISTANT_SOCKET_LOG"):  # set by `assistant doctor --prove-offline`, for each process that it starts
    import_module("assistant.app.diagnostics.offline_proof.audit").record(os.environ["ASSISTANT_SOCKET_LOG"])
