"""Words, line breaks and block ends in; blocks of text, with the widest gap that was asked for between them, out."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.ingest.extract.writing import LINE, PARAGRAPH, Writing


class Flow:
    """Text that grows by words and is cut into blocks, as HTML is laid out."""

    def __init__(self, writing: Writing) -> None:
        self.mark = ""  # a list item's, until its first text
        self._writing = writing
        self._pieces: list[str] = []
        self._is_apart = False  # white space is due before the next word
        self._gap = PARAGRAPH

    def words(self, text: str) -> None:
        """Add running text, where any white space is one space."""
        words = " ".join(text.split())
        self._is_apart = self._is_apart or text[:1].isspace()
        if words:
            self.verbatim(words)
            self._is_apart = text[-1:].isspace()

    def verbatim(self, text: str) -> None:
        """Add text as it is."""
        if not self._pieces:
            text = text.lstrip("\r\n")
        elif self._is_apart and text:
            self._pieces.append(" ")
        if text:
            self._pieces.append(text)
            self._is_apart = False

    def cut(self, gap: str) -> None:
        """End the block; before the next one stands the widest gap that was asked for."""
        text, self._pieces, self._is_apart = "".join(self._pieces).rstrip(), [], False
        if text.strip():
            self._writing.add(self.mark + text, self._gap)
            self.mark, self._gap = "", gap
        self._gap = PARAGRAPH if PARAGRAPH in (gap, self._gap) else LINE

    def pause(self) -> None:
        """End the block where there is one."""
        if self._pieces:
            self.cut(LINE)

    def head(self, title: str, level: int) -> None:
        """Add a heading."""
        self.cut(PARAGRAPH)
        self._writing.head(title, level, self._gap)
        self.mark = ""

    def tabulate(self, rows: Sequence[Sequence[str]]) -> None:
        """Add a table."""
        self.cut(PARAGRAPH)
        self._writing.tabulate(rows)

    def end(self) -> None:
        """End the last block."""
        self.cut(PARAGRAPH)
