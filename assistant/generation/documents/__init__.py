"""Answer questions about whole documents: detect the task, resolve the files, process them from beginning to end."""

from assistant.generation.documents.cached_llm import Notes
from assistant.generation.documents.cited_lines import File
from assistant.generation.documents.listing import wanted_in
from assistant.generation.documents.stream import WholeStream
from assistant.generation.documents.task import Kind, Source, Task, recognise, sources_of

__all__ = ["File", "Kind", "Notes", "Source", "Task", "WholeStream", "recognise", "sources_of", "wanted_in"]
