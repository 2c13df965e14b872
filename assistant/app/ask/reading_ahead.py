"""Let the chat model read passages before they are needed: those that questions found, while the engine is idle.

The best passage of a question is read alone, and its KV state is stored on disk. The passages behind it are not read alone, nor
is the best one of a question that needed all passages at once, as in a conversation. They are often the best passage of a later
question about the same subject.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.app.ask.found_passages import FoundPassage, FoundPassages
from assistant.app.models import ModelProvider
from assistant.config import Settings
from assistant.datatypes import Hit, Prefilling
from assistant.generation import Prompt, may_be_read_alone, prompt_of_passage
from assistant.models.llama.kv_cache import delete_states

MOST_PREFILLED = 4  # passages in one idle period
CANDIDATES = 3  # hits of a question: the best one and the two behind it


class ReadingAhead:
    """Reads passages ahead. `mark` returns how the document of a hit is marked now, "" if it is not a file of the libraries."""

    def __init__(self, settings: Settings, models: ModelProvider, mark: Callable[[Hit], str]) -> None:
        self._settings, self._models, self._mark = settings, models, mark
        self._found = FoundPassages()

    def note(self, hits: Sequence[Hit], read: Sequence[Hit]) -> None:
        """Remember the best hits of a question, and which of them the model reads alone."""
        for rank, hit in enumerate(hits[:CANDIDATES] if self._settings.best_first else ()):
            if document := self._mark(hit):
                self._found.note(rank, hit, document, is_read=hit in read)

    def run(self, should_stop: Callable[[], bool]) -> None:
        """Let the model read a few passages, each alone. Raises KeyboardInterrupt if it is interrupted.

        One that was interrupted is read the next time, any other never again.
        """
        chat = self._models.chat
        if chat.machine or not isinstance(chat, Prefilling):
            return
        self._found.keep_only(self._is_current)
        for passage in self._found.unread()[:MOST_PREFILLED]:
            if should_stop() or not self._read(chat, passage):
                return

    def _read(self, chat: Prefilling, passage: FoundPassage) -> bool:
        """Let the model read a passage; return False if it cannot store any more."""
        prompt = prompt_of_passage(passage.hit, passage.document)
        if self._is_current(passage) and may_be_read_alone(prompt):
            if not chat.prefill(prompt.messages):
                return False
            self.forget_if_removed(prompt)
        passage.is_read = True
        return True

    def _is_current(self, passage: FoundPassage) -> bool:
        """Return whether the file of a passage is in the library as it was."""
        return self._mark(passage.hit) == passage.document

    def forget_if_removed(self, prompt: Prompt) -> None:
        """Delete what is stored of the first passage of a prompt if its file was removed while the model read it."""
        document = prompt.messages[1].document if prompt.passages else ""
        if document and self._mark(prompt.passages[0]) != document:
            delete_states(self._settings.home, document)
