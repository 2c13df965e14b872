"""Read plain text, Markdown, reStructuredText, source code and CSV: the decoded file verbatim, and its headings."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from assistant.datatypes import Extraction, Heading, Part, Shape, Table
from assistant.ingest.extractors.builder import Source, header_of
from assistant.ingest.extractors.embedded_data import replace_embedded_data, spans_between_blocks
from assistant.ingest.extractors.encoding import Decoded, decode

FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?=\r?\n|\Z)", re.S)
FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.+?)[\"']?[ \t]*\r?$", re.M)
SAMPLE = 65536
NAMED_DELIMITER = re.compile(r"sep=(.)[ \t]*\r?\n", re.I)
SNIFFED = 4096  # characters; csv.Sniffer takes quadratic time, over a minute for SAMPLE
LINE = re.compile(r"[^\r\n]+")
MAX_LINE = 200  # characters; a longer line is no heading and is kept from slow patterns
ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
NOT_SETEXT = re.compile(r"\s*([-*+>|#]|\d+[.)]\s)")
LINKED = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
UNDERLINE = re.compile(r"([=\-~^\"'`*+#:.<>_])\1{2,}[ \t]*$")
CHINESE = re.compile(r"\s*(第[0-9零〇一二三四五六七八九十百千两]{1,8}([编編部篇章节節条條]))(?=[\s:：、.（(之]|$)")
CHINESE_LEVELS = {"编": 1, "編": 1, "部": 1, "篇": 1, "章": 2, "节": 3, "節": 3, "条": 4, "條": 4}
WORDED = re.compile(r"\s*(?:(PART|BOOK|CHAPTER)|(ARTICLE)|(SECTION))\s+[\dIVXLC]+(?:\.\d+)*\b", re.I)
NUMBERED = re.compile(r"\s{0,3}(\d{1,2}(?:\.\d{1,3}){0,3})\.?[ \t\u3000]+([^\W\d_].*)$")
SENTENCE_LIKE = re.compile(r"[.,;:。，；：]\s*$")
REFERENCE_LIKE = re.compile(r"[a-z)]\. |[\"“”]")  # occurs inside the entries of a numbered list of sources
PYTHON = re.compile(r"([ \t]*)(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)")
TYPED = re.compile(
    r"([ \t]*)(?:(?:export|default|public|private|protected|internal|static|final|abstract|sealed|async|"
    r"pub(?:\(\w+\))?|unsafe|data|open|override|inline)[ \t]+)*"
    r"(?:function\*?|class|interface|enum|struct|trait|impl|fn|func|fun|def|module|namespace|object|protocol|sub|"
    r"type(?= +\w+ +(?:struct|interface)\b)|CREATE[ \t]+(?:TABLE|VIEW|FUNCTION|PROCEDURE))[ \t]+(?:\([^)]*\)[ \t]*)?([\w:.~]+)",
    re.I,
)
CALLABLE = re.compile(r"()(?:[A-Za-z_][\w \t*&:<>,~\[\]]*?[ \t*&:])?([A-Za-z_~]\w*)[ \t]*\([^;=]*$")
METHOD = re.compile(r"([ \t]+)(?:public|private|protected|internal)[ \t][\w \t<>,\[\]]*?(\w+)[ \t]*\(")
STATEMENT = re.compile(r"[ \t]*(?:if|for|while|switch|return|else|case|do|catch|new|throw|using|import|from)\b")
ARROW = re.compile(r"([ \t]*)(?:export +)?(?:const|let) +(\w+) *= *(?:async *)?(?:function\b|(?:\([^()]*\)|\w+)[^=]*=>)")
SECTION = re.compile(r"()\[+([^\[\]]+)\]+[ \t]*$")
KEY = re.compile(r"()([\w.-]+):[ \t]*$")
LATEX = re.compile(r"[ \t]*\\(part|chapter|section|subsection|subsubsection)\*?\{([^}]+)\}")
LATEX_LEVELS = {"part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4}
ORG = re.compile(r"(\*{1,6})[ \t]+(.+)$")
BRACED = (TYPED, METHOD, CALLABLE)
DEFINITIONS = {
    **dict.fromkeys((".toml", ".ini", ".cfg"), (SECTION,)), **dict.fromkeys((".yaml", ".yml"), (KEY,)),
    **dict.fromkeys((".json", ".xml", ".css"), ()),
    **dict.fromkeys((".c", ".h", ".cpp", ".hpp", ".cc", ".cs", ".java", ".m", ".sh", ".bash"), BRACED),
    **dict.fromkeys((".js", ".jsx", ".ts", ".tsx", ".vue"), (TYPED, ARROW)), ".py": (PYTHON,),
}  # fmt: skip


def read_plain(source: Source) -> Extraction:
    """Read plain text; numbered articles, chapters and sections become headings."""
    decoded = decode_text(source)
    return single_part(decoded, [heading for at, line in _lines(decoded.text) for heading in _numbered(at, line)])


def read_markdown(source: Source) -> Extraction:
    """Read Markdown; the title is that of the front matter or the first heading of level 1."""
    decoded = decode_text(source)
    front = FRONT_MATTER.match(decoded.text)
    titled = FRONT_TITLE.search(front[1]) if front else None
    headings = markdown_headings(decoded.text, front.end() if front else 0)
    return single_part(decoded, headings, titled[1] if titled else first_title(headings))


def read_rst(source: Source) -> Extraction:
    """Read reStructuredText."""
    decoded = decode_text(source)
    headings = rst_headings(decoded.text)
    return single_part(decoded, headings, first_title(headings))


def read_code(source: Source) -> Extraction:
    """Read source code or structured text; definitions become headings, the title is the file name."""
    decoded = decode_text(source, trust_declaration=source.suffix == ".xml")
    return single_part(decoded, code_headings(decoded.text, source.suffix), source.name, Shape.CODE)


def read_csv(source: Source) -> Extraction:
    """Read comma-, semicolon-, tab- or pipe-separated values as one table; a first line "sep=;" names the delimiter."""
    extraction = single_part(decode_text(source), (), shape=Shape.TABLE)
    named, header = NAMED_DELIMITER.match(extraction.text), ""
    start = named.end() if named else 0
    sample = extraction.text[start : start + SAMPLE]
    with suppress(csv.Error, StopIteration):
        rows = csv.reader(sample.splitlines(), delimiter=named[1] if named else _delimiter(sample, source.suffix))
        header = header_of([next(rows), next(rows)])
    if named:
        extraction = dataclasses.replace(extraction, parts=(Part(start, len(extraction.text)),))
    return dataclasses.replace(extraction, tables=(Table(start, len(extraction.text), header),))


def _delimiter(sample: str, suffix: str) -> str:
    """Return the delimiter of a table. Raises csv.Error if none is found."""
    return "\t" if suffix == ".tsv" else csv.Sniffer().sniff(sample[:SNIFFED], ",;\t|").delimiter


def decode_text(source: Source, trust_declaration: bool = False) -> Decoded:
    """Decode a text file, without the data that is embedded in it; see `decode`."""
    decoded = decode(source.data, source.suffix, trust_declaration)
    return dataclasses.replace(decoded, text=replace_embedded_data(decoded.text))


def single_part(decoded: Decoded, headings: Sequence[Heading], title: str = "", shape: Shape = Shape.PROSE) -> Extraction:
    """Build the extraction of a decoded file with a single part, but for the long blocks of embedded data in it."""
    return Extraction(
        text=decoded.text, parts=tuple(Part(*span) for span in spans_between_blocks(decoded.text)), headings=tuple(headings),
        title=title, shape=shape, encoding=decoded.encoding, notes=decoded.notes,
    )  # fmt: skip


def first_title(headings: Sequence[Heading]) -> str:
    """Return the first heading of level 1, or an empty string."""
    return next((heading.title for heading in headings if heading.level == 1), "")


def markdown_headings(text: str, start: int = 0) -> tuple[Heading, ...]:
    """Find ATX and setext headings outside fenced code, from offset `start` on."""
    found: list[Heading] = []
    fence, above, above_at, above_end = "", "", 0, -9
    for at, line in _lines(text, start):
        mark = FENCE.match(line)
        if fence or mark:
            fresh = mark[1] if mark else ""
            is_closed = fence and fresh.startswith(fence) and line.strip() == fresh
            fence, above = "" if is_closed else fence or fresh, ""
            continue
        atx, rule = ATX.match(line), SETEXT.match(line)
        if atx and atx[2]:
            found.append(Heading(at, len(atx[1]), _without_inline_markup(atx[2])))
        elif rule and above and at - above_end <= 2:
            found.append(Heading(above_at, 1 if "=" in rule[1] else 2, _without_inline_markup(above)))
        is_text = not (atx or rule or NOT_SETEXT.match(line) or not line.strip())
        above, above_at, above_end = line if is_text else "", at, at + len(line)
    return tuple(found)


def _without_inline_markup(title: str) -> str:
    return LINKED.sub(r"\1", title).replace("**", "").replace("`", "").strip(" *_\t")


def rst_headings(text: str) -> tuple[Heading, ...]:
    """Find underlined titles; the n-th style of underline is level n."""
    found: list[Heading] = []
    styles: list[str] = []
    above, above_at = "", 0
    for at, line in _lines(text):
        rule = UNDERLINE.match(line)
        if rule and above.strip() and len(line.rstrip()) >= len(above.rstrip()) and at - above_at - len(above) <= 2:
            styles += [rule[1]] if rule[1] not in styles else []
            found.append(Heading(above_at, styles.index(rule[1]) + 1, above.strip()))
        above, above_at = "" if rule else line, at
    return tuple(found)


def _numbered(at: int, line: str) -> Iterator[Heading]:
    """Find a heading such as 第十二条, ARTICLE 5 or "1.2 Title"; items of a numbered list, which end like sentences, are none."""
    chinese = CHINESE.match(line)
    if chinese:
        rest = line[chinese.end() :].strip()
        is_title = chinese[2] not in "条條" and len(rest) <= 30
        yield Heading(at, CHINESE_LEVELS[chinese[2]], f"{chinese[1]} {rest}".strip() if is_title else chinese[1])
        return
    if len(line) > 90 or SENTENCE_LIKE.search(line):
        return
    worded, numbered = WORDED.match(line), NUMBERED.match(line)
    if worded:
        yield Heading(at, 1 if worded[1] else 2 if worded[2] else 3, line.strip())
    elif numbered and not REFERENCE_LIKE.search(numbered[2]):
        yield Heading(at, 3 + numbered[1].count("."), line.strip())


def code_headings(text: str, suffix: str) -> tuple[Heading, ...]:
    """Find definitions, including the decorators above them."""
    if suffix in (".tex", ".org"):
        return tuple(heading for at, line in _lines(text) for heading in _tex_or_org_heading(at, line))
    found: list[Heading] = []
    decorated_at = -1
    for at, line in _lines(text):
        if line.lstrip().startswith("@"):
            decorated_at = at if decorated_at < 0 else decorated_at
            continue
        for pattern in DEFINITIONS.get(suffix, (TYPED,)):
            match = pattern.match(line)
            if match and not STATEMENT.match(line):
                level = 1 + min(5, len(match[1].expandtabs(4)) // 4)
                found.append(Heading(at if decorated_at < 0 else decorated_at, level, match[2]))
                break
        decorated_at = -1
    return tuple(found)


def _tex_or_org_heading(at: int, line: str) -> Iterator[Heading]:
    latex, org = LATEX.match(line), ORG.match(line)
    if latex:
        yield Heading(at, LATEX_LEVELS[latex[1]], latex[2])
    elif org:
        yield Heading(at, len(org[1]), org[2].strip())


def _lines(text: str, start: int = 0) -> Iterator[tuple[int, str]]:
    for match in LINE.finditer(text, start):
        yield match.start(), match[0] if match.end() - match.start() <= MAX_LINE else match[0][:MAX_LINE] + "."
