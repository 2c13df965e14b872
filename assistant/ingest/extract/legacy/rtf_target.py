"""What a Rich Text file says of fonts, styles and paragraphs in; its title, and the blocks of its text, out."""

from __future__ import annotations

from assistant.ingest.extract.legacy.blocks import Flow
from assistant.ingest.extract.legacy.rtf_fonts import Font
from assistant.ingest.extract.legacy.rtf_state import (
    ASIDES,
    BODY_LEVEL,
    FONTS,
    LABEL,
    LABELS,
    NOWHERE,
    OTHER_DESTINATIONS,
    STYLES,
    TEXT,
    TITLE,
    State,
    Style,
)

LONGEST_NAME = 500


class Target:
    """Where the text of a file goes: what holds in the group that is open, the tables of fonts and styles, the flows."""

    def __init__(self) -> None:
        self.state = State()
        self.fonts: dict[int, Font] = {}
        self.styles: dict[int, Style] = {}
        self.encoding, self.default_font, self.title = "cp1252", 0, ""
        self.flows = [Flow()]

    @property
    def flow(self) -> Flow:
        """The text, note or box that is being written."""
        return self.flows[-1]

    def enter(self, name: str) -> None:
        """Begin a destination; one that is not known is left out."""
        if name in ASIDES and self.state.destination == TEXT:
            self.flows.append(Flow())
            self.state.is_aside = True
            self.state.begin_paragraphs()
        elif name in LABELS and self.state.destination == TEXT:
            self.state.destination = TEXT if self.state.in_table else LABEL
        else:
            self.state.destination = name if name in OTHER_DESTINATIONS or name == TITLE else NOWHERE

    def leave(self, outer: State) -> None:
        """End a group; a note or a box that began in it is set behind the paragraph that it hangs on."""
        if self.state.is_aside:
            blocks = self.flows.pop().close()
            self.flow.asides += blocks
        self.state = outer

    def write_bytes(self, data: bytes) -> None:
        """Write a run of bytes in the encoding of its font."""
        is_text = self.state.destination in (TEXT, LABEL)
        self.write(self.font().decode(data, self.encoding) if is_text else data.decode(self.encoding, "replace"))

    def write(self, text: str) -> None:
        """Write text to where it goes."""
        destination = self.state.destination
        if destination == TEXT and not (self.state.is_hidden or self.state.is_deleted):
            self.flow.pieces.append(text)
        elif destination == LABEL:
            self.flow.label = _longer(self.flow.label, text)
        elif destination == TITLE:
            self.title = _longer(self.title, text)
        elif destination == FONTS and self.state.defines in self.fonts:
            font = self.fonts[self.state.defines]
            font.name = _longer(font.name, text)
        elif destination == STYLES:
            style = self.style()
            style.name = _longer(style.name, text)

    def font(self) -> Font:
        """Return the font of what is written."""
        return self.fonts.get(self.state.font if self.state.font >= 0 else self.default_font, Font())

    def style(self) -> Style:
        """Return the style that is being defined."""
        return self.styles.setdefault(max(0, self.state.defines), Style())

    def level(self) -> int:
        """Return the heading level of the paragraph, 0 for running text."""
        style = self.styles.get(self.state.style, Style())
        return self.state.outline + 1 if self.state.outline < BODY_LEVEL else style.level


def _longer(name: str, text: str) -> str:
    return (name + text)[:LONGEST_NAME]
