"""Questions about whole files: recognised by rule, their files found, gone through from beginning to end."""

from assistant.answer.whole.items import wanted_in
from assistant.answer.whole.lines import File
from assistant.answer.whole.notes import Notes
from assistant.answer.whole.scope import Source, sources_of
from assistant.answer.whole.stream import WholeStream
from assistant.answer.whole.task import Kind, Task, recognise

__all__ = ["File", "Kind", "Notes", "Source", "Task", "WholeStream", "recognise", "sources_of", "wanted_in"]
