"""Answer questions about whole documents: detect the task, resolve the files, process them from beginning to end."""

from assistant.generation.documents.cached_llm import NotesCache
from assistant.generation.documents.cited_lines import File
from assistant.generation.documents.listing import parse_item_kinds
from assistant.generation.documents.stream import WholeDocumentStream
from assistant.generation.documents.task import SourceFile, Task, TaskKind, recognize_task, resolve_files, shown_names

__all__ = ["File", "NotesCache", "SourceFile", "Task", "TaskKind", "WholeDocumentStream", "parse_item_kinds",
           "recognize_task", "resolve_files", "shown_names"]
