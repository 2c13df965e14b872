"""Pieces of text and where paragraphs, cells and rows end, in; blocks in reading order out, and into a Writing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from assistant.ingest.extractors.builder import LINE, PARAGRAPH, Writing

BULLETS = frozenset("•·●○◦▪■□◆◇➢✓–—-*o§")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph: a heading where it has a level, an item of a list where it has a label ("2.")."""

    text: str
    level: int = 0
    label: str = ""


Rows = list[list[str]]
Block = Paragraph | Rows


@dataclass(slots=True)
class Flow:
    """The text of the document, or of a note or a box in it. Such asides follow the paragraph that they hang on."""

    blocks: list[Block] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    asides: list[Block] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    rows: Rows = field(default_factory=list)
    label: str = ""

    def end_paragraph(self, level: int, in_table: bool) -> None:
        """End a paragraph; one in a table only ends a line of its cell."""
        if in_table:
            self.pieces.append("\n")
            return
        self.end_table()
        text, label = self._take_text(), self._take_label()
        if text:
            self.blocks.append(Paragraph(text, level, label))
        self._settle_asides()

    def end_cell(self) -> None:
        """End a cell of a row."""
        self.cells.append(self._take_text())

    def end_row(self) -> None:
        """End a row of a table."""
        if self.cells:
            self.rows.append(self.cells)
        self.cells = []

    def end_table(self) -> None:
        """End a table, where there is one."""
        self.end_row()
        if self.rows:
            self.blocks.append(self.rows)
            self.rows = []
            self._settle_asides()

    def close(self) -> list[Block]:
        """End what is still open and return all blocks."""
        self.end_paragraph(0, False)
        return self.blocks

    def _take_text(self) -> str:
        text = paired("".join(self.pieces)).strip()
        self.pieces = []
        return text

    def _take_label(self) -> str:
        label, self.label = paired(self.label).strip(), ""
        return "-" if label in BULLETS else label

    def _settle_asides(self) -> None:
        self.blocks += self.asides
        self.asides = []


def paired(text: str) -> str:
    """Return the text with halves of characters put together; a half without its other half becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def write_blocks(blocks: Iterable[Block], writing: Writing) -> None:
    """Write paragraphs, headings and tables."""
    for block in blocks:
        if isinstance(block, list):
            writing.tabulate(block)
        elif block.level:
            writing.head(f"{block.label.lstrip('-')} {block.text}", block.level)
        elif block.label:
            writing.add(f"{block.label} {block.text}", LINE)
        else:
            writing.add(block.text, PARAGRAPH)
