"""The control words of Rich Text that change something in; what each does to the text that is being read out."""

from __future__ import annotations

from collections.abc import Callable

from assistant.ingest.extract.legacy.codepages import codec_of
from assistant.ingest.extract.legacy.rtf_fonts import Font
from assistant.ingest.extract.legacy.rtf_state import BODY_LEVEL, FONTS, STYLES
from assistant.ingest.extract.legacy.rtf_target import Target

Action = Callable[[Target, int | None], None]


def _end_paragraph(target: Target, _number: int | None) -> None:
    target.flow.end_paragraph(target.level(), target.state.in_table)


def _end_cell(target: Target, _number: int | None) -> None:
    target.flow.end_cell()


def _end_row(target: Target, _number: int | None) -> None:
    target.flow.end_row()


def _begin_paragraphs(target: Target, _number: int | None) -> None:
    target.state.begin_paragraphs()


def _begin_plain(target: Target, _number: int | None) -> None:
    target.state.font, target.state.is_hidden, target.state.is_deleted = -1, False, False


def _enter_table(target: Target, number: int | None) -> None:
    target.state.in_table = number != 0


def _choose_font(target: Target, number: int | None) -> None:
    if target.state.destination == FONTS:
        target.state.defines = number or 0
        target.fonts[target.state.defines] = Font()
    else:
        target.state.font = number or 0


def _choose_style(target: Target, number: int | None) -> None:
    if target.state.destination == STYLES:
        target.state.defines = number or 0
    else:
        target.state.style = number or 0


def _set_outline(target: Target, number: int | None) -> None:
    level = min(max(0, number or 0), BODY_LEVEL)
    if target.state.destination == STYLES:
        target.style().outline = level
    else:
        target.state.outline = level


def _hide(target: Target, number: int | None) -> None:
    target.state.is_hidden = number != 0


def _delete(target: Target, number: int | None) -> None:
    target.state.is_deleted = number != 0


def _set_charset(target: Target, number: int | None) -> None:
    if target.state.destination == FONTS:
        target.fonts.setdefault(target.state.defines, Font()).charset = number or 0


def _set_code_page(target: Target, number: int | None) -> None:
    if target.state.destination == FONTS and number:
        target.fonts.setdefault(target.state.defines, Font()).code_page = codec_of(number)


def _set_encoding(target: Target, number: int | None) -> None:
    target.encoding = codec_of(number or 1252)


def _set_default_font(target: Target, number: int | None) -> None:
    target.default_font = number or 0


def _set_alternates(target: Target, number: int | None) -> None:
    target.state.alternates = max(0, 1 if number is None else number)


ACTIONS: dict[str, Action] = {
    "par": _end_paragraph,
    "sect": _end_paragraph,
    "cell": _end_cell,
    "row": _end_row,
    "pard": _begin_paragraphs,
    "plain": _begin_plain,
    "intbl": _enter_table,
    "f": _choose_font,
    "s": _choose_style,
    "outlinelevel": _set_outline,
    "v": _hide,
    "deleted": _delete,
    "fcharset": _set_charset,
    "cpg": _set_code_page,
    "ansicpg": _set_encoding,
    "mac": lambda target, _number: _set_encoding(target, 10000),
    "pc": lambda target, _number: _set_encoding(target, 437),
    "pca": lambda target, _number: _set_encoding(target, 850),
    "deff": _set_default_font,
    "uc": _set_alternates,
}
