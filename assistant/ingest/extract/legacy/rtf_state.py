"""The words of the Rich Text specification that open a destination or stand for a character, and what holds in a group."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.ingest.extract.office.word import HEADING_NAME

TEXT, LABEL, NOWHERE, INFO, TITLE, FONTS, STYLES = "text", "label", "nowhere", "info", "title", "fonttbl", "stylesheet"
# what is opened without \* and is not running text; what is opened with \* is left out unless it is named below
UNSEEN = (
    "atnauthor atnid bkmkend bkmkstart colortbl datafield filetbl fldinst footer footerf footerl footerr "
    "formfield ftncn ftnsep ftnsepc aftncn aftnsep aftnsepc generator header headerf headerl headerr listname listtable "
    "listoverridetable leveltext levelnumbers mmathPict nonesttables nonshppict objalias objclass objdata objname objsect "
    "pict pntxta pntxtb private pgptbl revtbl rsidtbl rxe shprslt sp tc tcn template txe upr userprops xe falt panose"
)
HIDDEN_DESTINATIONS = frozenset(UNSEEN.split())
SEEN_THOUGH_STARRED = frozenset("annotation do moMath moMathPara nesttableprops shpinst shpgrp".split())
OTHER_DESTINATIONS = frozenset({INFO, FONTS, STYLES})
ASIDES = frozenset({"footnote", "shptxt", "dptxbxtext", "annotation"})
LABELS = frozenset({"listtext", "pntext"})
DESTINATIONS = HIDDEN_DESTINATIONS | OTHER_DESTINATIONS | ASIDES | LABELS
CHARACTERS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "softline": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ", "nestcell": " ",
    "nestrow": "\n", "zwj": "\u200d", "zwnj": "\u200c", "page": "\n", "column": "\n",
}  # fmt: skip
SYMBOLS = {"~": "\u00a0", "_": "-"}
BODY_LEVEL = 9


@dataclass(slots=True)
class State:
    """What holds up to the end of a group. `alternates`: so many characters stand for a Unicode character behind it."""

    destination: str = TEXT
    font: int = -1
    alternates: int = 1
    is_hidden: bool = False
    is_deleted: bool = False
    style: int = -1
    outline: int = BODY_LEVEL
    in_table: bool = False
    defines: int = -1  # the font or style that its table describes here
    is_aside: bool = False  # a note or a box began in this very group

    def inner(self) -> State:
        """Return what holds in a group inside."""
        return State(
            self.destination, self.font, self.alternates, self.is_hidden, self.is_deleted, self.style, self.outline,
            self.in_table, self.defines,
        )  # fmt: skip

    def begin_paragraphs(self) -> None:
        """Forget the properties of paragraphs."""
        self.style, self.outline, self.in_table = -1, BODY_LEVEL, False


@dataclass(slots=True)
class Style:
    """A paragraph style."""

    name: str = ""
    outline: int = BODY_LEVEL

    @property
    def level(self) -> int:
        """The heading level, 0 for running text."""
        name = self.name.strip(" ;")
        named = HEADING_NAME.match(name)
        if named:
            return int(named[1])
        return self.outline + 1 if self.outline < BODY_LEVEL else int(name.lower() == "title")
