"""Write the lines of an answer about whole documents: wording in English or Chinese, quotes, citation numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from assistant.datatypes import Citation, Hit
from assistant.generation.documents.task import SourceFile
from assistant.generation.support import narrow_location

SAID = {
    "found": ("{count} places with {what} in {files}:", "在 {files} 中找到 {count} 处{what}："),
    "found_one": ("One place with {what} in {files}:", "在 {files} 中找到 1 处{what}："),
    "files": ("{count} files", "{count} 个文件"),
    "none": ("No {what} were found. All of the text was gone through: {files}.", "没有找到{what}。已通读全文：{files}。"),
    "kept": ("The wording does not say whether these are {what}; the model could not tell either:",
             "以下内容的措辞不能确定是否为{what}，模型也无法判断："),
    "other": ("Not counted as {what}, since neither the wording nor the model says so: {count} more places with a date or "
              "a period.",
              "另有 {count} 处日期或时段，措辞和模型都未表明是{what}，未列入。"),
    "summary": ("Summary of {files}:", "{files} 的摘要："),
    "quoted": ("Quoted instead of summed up, since the text did not bear out the model's notes there: {count} of {total} parts.",
               "其中 {count}/{total} 部分因模型的笔记无法由原文证实，改为直接引用原句。"),
    "empty": ("There is no text in {files}.", "{files} 中没有文字。"),
    "compared": ("From {old} to {new}: {changed} changed, {added} added, {removed} removed; {same} sentences are the same.",
                 "从 {old} 到 {new}：{changed} 处修改，{added} 处新增，{removed} 处删除；{same} 句相同。"),
    "identical": ("{old} and {new} say the same, sentence by sentence ({same}).", "{old} 与 {new} 逐句相同（{same} 句）。"),
    "strangers": ("{old} and {new} have hardly a sentence in common, so that comparing them sentence by sentence says little.",
                  "{old} 与 {new} 几乎没有相同的句子，逐句比较意义不大。"),
    "changed": ("Changed", "修改"), "added": ("Added", "新增"), "removed": ("Removed", "删除"),
    "rest": ("{count} more are not shown.", "另有 {count} 处未显示。"),
    "rows": ("Passages cannot count rows: this program finds rows, but does not yet compute with all of them.",
             "段落检索无法统计行数：本程序能找到记录，但还不能对全部记录进行计算。"),
}
RULER = re.compile(r"^\s*\|?[\s:|-]+\|?\s*$")


@dataclass(frozen=True, slots=True)
class File:
    """A file with all its chunks as hits, in order."""

    source: SourceFile
    passages: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class CitedLine:
    """A line of the answer with its citations, not yet numbered.

    `places` are the ascending offsets at which the citation numbers go; if empty, they go at the end of the line.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    places: tuple[int, ...] = ()


def cite_span(hit: Hit, start: int, end: int) -> Citation:
    """Return an unnumbered citation of text[start:end] of a hit."""
    location = narrow_location(hit.chunk.location, hit.chunk.text, start, end)
    return Citation(0, hit.path, hit.title, location, hit.chunk.text[start:end])


def number_lines(lines: Sequence[CitedLine]) -> tuple[str, tuple[Citation, ...]]:
    """Return the text with citation numbers, and the citations in order; the same span has one number."""
    known: dict[tuple[str, int, int], Citation] = {}
    written: list[str] = []
    for line in lines:
        numbers = []
        for citation in line.citations:
            place = (citation.path, citation.location.char_start, citation.location.char_end)
            numbers.append(known.setdefault(place, replace(citation, number=len(known) + 1)).number)
        written.append(insert_markers(line.text, numbers, line.places))
    return "\n".join(written), tuple(known.values())


def insert_markers(text: str, numbers: Sequence[int], places: Sequence[int] = ()) -> str:
    """Return a line with citation numbers at `places`, or at its end before the full stop."""
    if places:
        pieces = [text[start:end] for start, end in pairwise((0, *places, len(text)))]
        return "".join(f"{piece}[{number}]" for piece, number in zip(pieces[:-1], numbers, strict=True)) + pieces[-1]
    marks = "".join(f"[{number}]" for number in dict.fromkeys(numbers))
    ending = re.search(r"[.。!！?？]$", text)
    body = text[:-1] if ending and marks else text
    return body + (f" {marks}" if marks else "") + (ending.group() if ending and marks else "")


def row_cells(text: str) -> list[str]:
    """Return the cells of a table row; the text alone if it is no row."""
    for separator in ("|", "\t", ","):
        if text.count(separator) > 1:
            return [cell.strip() for cell in text.strip().strip("|").split(separator)]
    return [text]


def one_line(text: str, limit: int = 0) -> str:
    """Return the text on one line without Markdown marks, truncated at a word boundary to `limit` characters (0: unlimited)."""
    plain = re.sub(r"^(?:(?:[-*#>]+|\d{1,2}\.)\s+)+|\*\*|__|`", "", " ".join(text.split())).strip()
    plain = " · ".join(cell for cell in row_cells(plain) if cell) if plain.startswith("|") else plain
    if not limit or len(plain) <= limit:
        return plain
    cut = plain[:limit].rsplit(" ", 1)[0] if " " in plain[limit // 2 : limit] else plain[:limit]
    return cut.rstrip(" ,;，；") + " …"


def localized(name: str, language: str, **values: object) -> str:
    """Return a sentence of the program in English or Chinese."""
    return SAID[name][language == "zh"].format(**values)
