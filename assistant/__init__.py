"""A private assistant: answers from a person's own files, on their own machine, every claim with its place.

    from pathlib import Path
    from assistant import Assistant, load_settings

    with Assistant(load_settings()) as assistant:
        assistant.add([Path("~/contracts")])
        print(assistant.ask("When does the lease end?").answer.text)
"""

from assistant.config import Settings, load_settings
from assistant.datatypes import Answer, Citation, Hit, Location, SearchResult
from assistant.errors import AssistantError
from assistant.pipeline import Assistant

__version__ = "0.1.0"
__all__ = ["Answer", "Assistant", "AssistantError", "Citation", "Hit", "Location", "SearchResult", "Settings", "load_settings"]
