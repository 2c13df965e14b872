"""Read what lies on a PDF page beside its text: the values of form fields and typewriter text; count the comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ctypes import create_string_buffer
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

MAX_ANNOTATIONS = 5000  # per page
MAX_VALUE = 20_000  # characters
LONG_VALUE = 12  # characters
INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class PageAnnotations:
    """The texts of form fields and typewriter annotations of a page, and the number of its comments."""

    texts: tuple[str, ...] = ()
    comments: int = 0


def read_annotations(page: PdfPage, text: str) -> PageAnnotations:
    """Return the annotations of a page. What is in its text already is left out."""
    from pypdfium2 import raw

    known, comments = _squeezed(text), 0
    texts: list[str] = []
    for number in range(min(MAX_ANNOTATIONS, raw.FPDFPage_GetAnnotCount(page))):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        if kind == raw.FPDF_ANNOT_WIDGET:
            texts += _field(page, annotation, known)
        elif kind == raw.FPDF_ANNOT_FREETEXT:
            content = _string(annotation, "Contents")
            texts += [content] if content and not _is_in(content, known) else []
        elif kind in _comment_kinds():
            comments += bool(_string(annotation, "Contents"))
        raw.FPDFPage_CloseAnnot(annotation)
    return PageAnnotations(tuple(dict.fromkeys(texts)), comments)


def _comment_kinds() -> frozenset[int]:
    from pypdfium2 import raw

    return frozenset({raw.FPDF_ANNOT_TEXT, raw.FPDF_ANNOT_HIGHLIGHT, raw.FPDF_ANNOT_UNDERLINE, raw.FPDF_ANNOT_STRIKEOUT,
                      raw.FPDF_ANNOT_SQUIGGLY, raw.FPDF_ANNOT_CARET, raw.FPDF_ANNOT_STAMP, raw.FPDF_ANNOT_SQUARE,
                      raw.FPDF_ANNOT_CIRCLE, raw.FPDF_ANNOT_LINE, raw.FPDF_ANNOT_POLYGON, raw.FPDF_ANNOT_INK})


def _field(page: PdfPage, annotation: Any, known: str) -> Iterator[str]:  # noqa: ANN401 - a handle of PDFium
    """Yield "name: value" of a form field that has a value and does not show it in the text of the page."""
    from pypdfium2 import raw

    if page.formenv is None:
        return
    form, fields = page.formenv, (raw.FPDFAnnot_GetFormFieldAlternateName, raw.FPDFAnnot_GetFormFieldName)
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (raw.FPDF_FORMFIELD_PUSHBUTTON, raw.FPDF_FORMFIELD_SIGNATURE):
        return
    is_button = kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)
    value = _text(partial(raw.FPDFAnnot_GetFormFieldValue, form, annotation))
    if not value or _is_in(value, known) or (is_button and not raw.FPDFAnnot_IsChecked(form, annotation)):
        return
    name = next(filter(None, (_text(partial(read, form, annotation)) for read in fields)), "")
    yield f"{INDEX.sub('', name).rpartition('.')[2] or 'field'}: {value}"


def _string(annotation: Any, key: str) -> str:  # noqa: ANN401 - a handle of PDFium
    from pypdfium2 import raw

    return _text(partial(raw.FPDFAnnot_GetStringValue, annotation, key.encode()))


def _text(read: Callable[..., int]) -> str:
    """Return a text that PDFium writes into a buffer as UTF-16; the first call asks for its length."""
    from ctypes import POINTER, cast

    from pypdfium2 import raw

    size = read(None, 0)
    if not 2 < size <= 2 * MAX_VALUE:
        return ""
    buffer = create_string_buffer(size)
    read(cast(buffer, POINTER(raw.FPDF_WCHAR)), size)
    lines = buffer.raw[:size].decode("utf-16-le", "replace").rstrip("\0").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def _is_in(text: str, known: str) -> bool:
    """Return True if the squeezed text of a page contains a text that is long enough not to be there by chance."""
    squeezed = _squeezed(text)
    return len(squeezed) >= LONG_VALUE and squeezed in known


def _squeezed(text: str) -> str:
    return "".join(text.split())
