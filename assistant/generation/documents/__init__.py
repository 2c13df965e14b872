"""Answer questions about whole documents: detect the task, resolve the files, process them from beginning to end."""

from assistant.generation.documents.cached_llm import NotesCache
from assistant.generation.documents.cited_lines import File
from assistant.generation.documents.listing import parse_item_kinds
from assistant.generation.documents.stream import WholeDocumentStream
from assistant.generation.documents.task import SourceFile, Task, TaskKind, printable, recognize_task, resolve_files

__all__ = ["File", "NotesCache", "SourceFile", "Task", "TaskKind", "WholeDocumentStream", "parse_item_kinds", "printable",
           "recognize_task", "resolve_files"]
