"""Assemble paragraphs and tables from the text runs and end marks of a word-processing file, and write them as blocks.

RTF and .doc both mark the *end* of each paragraph, cell and row, so text is collected until its mark comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from assistant.ingest.extractors.builder import LINE, PARAGRAPH, ExtractionBuilder

BULLETS = frozenset("•·●○◦▪■□◆◇➢✓–—-*o§")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph: a heading if it has a level, a list item if it has a label ("2.")."""

    text: str
    level: int = 0
    label: str = ""


Rows = list[list[str]]
Block = Paragraph | Rows


@dataclass(slots=True)
class BlockAssembler:
    """Collects the blocks of the main text, a note or a text box. `asides` are written after the paragraph they belong to."""

    blocks: list[Block] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    asides: list[Block] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    rows: Rows = field(default_factory=list)
    label: str = ""

    def end_paragraph(self, level: int, in_table: bool) -> None:
        """End a paragraph; inside a table it only ends a line of its cell."""
        if in_table:
            self.pieces.append("\n")
            return
        self.end_row()
        if self.rows:
            self.blocks.append(self.rows)
            self.rows = []
            self._append_asides()
        text, label = self._take_text(), join_surrogates(self.label).strip()
        self.label = ""
        if text:
            self.blocks.append(Paragraph(text, level, "-" if label in BULLETS else label))
        self._append_asides()

    def end_cell(self) -> None:
        """End a cell of a row."""
        self.cells.append(self._take_text())

    def end_row(self) -> None:
        """End a row of a table."""
        if self.cells:
            self.rows.append(self.cells)
        self.cells = []

    def close(self) -> list[Block]:
        """End the open paragraph and table and return all blocks."""
        self.end_paragraph(0, False)
        return self.blocks

    def _take_text(self) -> str:
        text = join_surrogates("".join(self.pieces)).strip()
        self.pieces = []
        return text

    def _append_asides(self) -> None:
        self.blocks += self.asides
        self.asides = []


def join_surrogates(text: str) -> str:
    """Combine surrogate pairs into characters; lone surrogates become U+FFFD."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def write_blocks(blocks: Iterable[Block], writing: ExtractionBuilder) -> None:
    """Write paragraphs, headings and tables."""
    for block in blocks:
        if isinstance(block, list):
            writing.add_table(block)
        elif block.level:
            writing.add_heading(f"{block.label.lstrip('-')} {block.text}", block.level)
        elif block.label:
            writing.add(f"{block.label} {block.text}", LINE)
        else:
            writing.add(block.text, PARAGRAPH)
