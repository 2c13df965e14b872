"""Questions about whole files: recognised by rule, their files found, gone through from beginning to end."""

from assistant.generation.documents.cached_llm import Notes
from assistant.generation.documents.cited_lines import File
from assistant.generation.documents.intent import Kind, Task, recognise
from assistant.generation.documents.item_patterns import wanted_in
from assistant.generation.documents.stream import WholeStream
from assistant.generation.documents.target_files import Source, sources_of

__all__ = ["File", "Kind", "Notes", "Source", "Task", "WholeStream", "recognise", "sources_of", "wanted_in"]
