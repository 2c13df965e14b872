"""Drive the program for a case: write files, add, search, ask with given replies, judge support, quote, run commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import checkout  # noqa: F401

from assistant import Assistant, Settings
from assistant.config import find_home
from assistant.datatypes import Answer, Chunk, Document, Extraction, Hit, LedgerEntry, Location, Support, Turn

REAL_HOME = find_home({})
LARGEST = 100_000_000  # bytes of a file


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def both(self) -> str:
        """Return stdout and stderr."""
        return self.out + self.err


class Program:
    """The program with a home and a folder of files of its own."""

    def __init__(self, folder: Path, embed: str) -> None:
        self.folder, self.home, self.files, self.embed = folder, folder / "home", folder / "files", embed
        self.files.mkdir(parents=True)
        self.home.mkdir()
        if embed != "fake:":
            (self.home / "models").symlink_to(REAL_HOME / "models")

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files by their names below the folder of files."""
        for name, content in files.items():
            path = self.files / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def document(self, name: str, content: str | bytes) -> Document:
        """Return a file of this content, read."""
        from documents import read_document

        self.write({name: content})
        return read_document(self.files / name, LARGEST)

    def extraction(self, name: str, content: str | bytes) -> Extraction:
        """Return what is extracted from a file of this content."""
        return self.document(name, content).extraction

    def chunks(self, name: str, content: str | bytes, limit: int = 200) -> tuple[Chunk, ...]:
        """Return the chunks of a file of this content, measured in words."""
        from assistant.ingest import chunk
        from assistant.models.fake import FakeEmbedder

        return chunk(self.document(name, content), FakeEmbedder().count_tokens, limit)

    @contextmanager
    def library(self, files: Mapping[str, str | bytes] | None = None) -> Iterator[Assistant]:
        """Open the program, with these files added."""
        self.write(files or {})
        # a reply that a case prescribes may come from any passage
        settings = Settings(home=self.home, embed=self.embed, chat="fake:", save_sessions=False, best_first=False)
        with Assistant(settings) as assistant:
            if files is not None:
                assistant.add([self.files])
            yield assistant

    def search(self, files: Mapping[str, str | bytes], question: str) -> tuple[Hit, ...]:
        """Return the hits for a question in a library of these files."""
        with self.library(files) as assistant:
            return assistant.search(question, 5).hits

    def keyword_hits(self, files: Mapping[str, str | bytes], question: str) -> list[str]:
        """Return the texts that hold a word of the question, as the keyword search sees it."""
        return [hit.chunk.text for hit in self.search(files, question) if hit.keyword_rank is not None]

    def ask(self, files: Mapping[str, str | bytes], question: str, reply: str, turns: Sequence[Turn] = ()) -> Answer:
        """Return the answer of a library of these files if the chat model replies so."""
        with self.library(files) as assistant, replying(reply):
            return assistant.ask(question, turns).answer

    def ledger(self, name: str, content: str | bytes) -> LedgerEntry:
        """Return the ledger's entry of a file of this content, added."""
        with self.library({name: content}) as assistant:
            return next(entry for entry in assistant.ledger() if Path(entry.path).name == name)

    def command(self, *arguments: object, reply: str = "") -> Ran:
        """Run a command in this process; the chat model replies so, if a reply is given."""
        from typer.testing import CliRunner

        from assistant.cli.app import app

        with replying(reply):
            done = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="assistant")
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(done.exit_code, done.stdout, done.stderr)


@contextmanager
def replying(reply: str) -> Iterator[None]:
    """Let the fake chat model give this reply to everything, if there is one."""
    if not reply:
        yield
        return
    with mock.patch("assistant.models.fake.nearest_sentence", lambda _said: reply):
        yield


def passage(text: str, context: str = "") -> Chunk:
    """Return a text as a passage."""
    return Chunk(text, Location(1, text.count("\n") + 1, 0, len(text)), context)


def support(claim: str, *sources: str | Chunk, question: str = "") -> Support:
    """Return the support that the program gives a claim whose sources are these passages."""
    from assistant.generation.support import attribute
    from assistant.text.facts import parse_chunk, parse_claim

    chunks = [source if isinstance(source, Chunk) else passage(source) for source in sources]
    return attribute(parse_claim(claim, question), (), [parse_chunk(chunk) for chunk in chunks]).support


def quote(claim: str, source: str | Chunk, question: str = "") -> str:
    """Return what the program quotes of a passage for a claim."""
    from assistant.generation.support import cite

    chunk = source if isinstance(source, Chunk) else passage(source)
    return cite(1, Hit(1, "/a.md", "", chunk), claim, question).quote


def expect(found: object, wanted: object) -> None:
    """Raise AssertionError, saying both, unless they are equal."""
    assert found == wanted, f"{found!r}, right: {wanted!r}"


def expect_part(text: str, part: str) -> None:
    """Raise AssertionError, saying both, unless the part is in the text."""
    assert part in text, f"{part!r} is not in {text[:160]!r}"


def expect_absent(text: str, part: str) -> None:
    """Raise AssertionError, saying both, if the part is in the text."""
    assert part not in text, f"{part!r} is in {text[:160]!r}"
