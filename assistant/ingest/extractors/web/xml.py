"""Read XML: documents and feeds as text with headings, data verbatim."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from html.entities import name2codepoint
from typing import TYPE_CHECKING

from assistant.datatypes import Extraction
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, ExtractionBuilder, Source
from assistant.ingest.extractors.encoding import decode
from assistant.ingest.extractors.text.plain import read_code
from assistant.ingest.extractors.web.html import html_to_text, read_markup

if TYPE_CHECKING:
    from lxml.etree import _Element

PROLOG = re.compile(r"\A\s*<\?xml[^>]{0,300}\?>")
TITLES = frozenset({"title", "head", "heading", "article-title"})
ROWS, CELLS = frozenset({"tr", "row"}), frozenset({"td", "th", "entry", "cell"})
CITED = frozenset({"ref", "citation", "mixed-citation", "element-citation", "bibl", "biblentry", "author", "contrib", "name"})
TECHNICAL = frozenset("journal-id issn article-id contrib-id id guid generator ttl width height updatePeriod binary".split())
PROSE = frozenset({"p", "para", "simpara", "verse", "v", "l", "caption", "abstract-p"})
ENTITY = re.compile(r"&(\w{1,32});")
CUT_OFF = frozenset({"ERR_DOCUMENT_END", "ERR_DOCUMENT_EMPTY", "ERR_INTERNAL_ERROR", "ERR_RESOURCE_LIMIT", "ERR_NAME_TOO_LONG"})
OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
DOCUMENTS = frozenset({"rss", "feed", "rdf", "article", "book", "chapter", "tei", "fictionbook"})
MARKUP = re.compile(r"<(?:p|br|div|a|img|ul|ol|table|h[1-6]|span|b|i|em|strong)\b[^<>]{0,2000}>", re.I)
SENTENCE, WIDE_SENTENCE = 40, 15  # minimum characters of prose, and of Chinese or Japanese prose; shorter texts are values
WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
SHARE_OF_SENTENCES = 0.3
SHORT = 200  # characters of child elements that are joined to one line ("Ann", "Lee")


def read_xml(source: Source) -> Extraction:
    """Read XML: a document (JATS, DocBook, TEI, FictionBook) or a feed (RSS, Atom) as text, other XML verbatim."""
    decoded = decode(source.data, source.suffix, trust_declaration=True)
    root = _parse(decoded.text)
    if root is not None and _name(root) == "html":
        return replace(read_markup(decoded.text), encoding=decoded.encoding, notes=decoded.notes)
    if root is None or not _is_document(root):
        return read_code(replace(source, name=source.name if source.suffix == ".xml" else f"{source.name}.xml"))
    builder = ExtractionBuilder()
    _write(root, builder, 0)
    return builder.finish(encoding=decoded.encoding, notes=decoded.notes)


def _parse(text: str) -> _Element | None:
    """Return the root, or None if much of the file would be lost. Entities are not resolved and nothing is fetched."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, remove_comments=True, remove_pis=True)
    markup = ENTITY.sub(_character, PROLOG.sub("", text, count=1)).encode("utf-8", "replace")
    with suppress(etree.XMLSyntaxError):
        root = etree.fromstring(markup, parser)
        if root is not None and not any(error.type_name in CUT_OFF for error in parser.error_log):
            return root
    return None


def _character(entity: re.Match[str]) -> str:
    """Replace a named HTML entity, which feeds use without declaring it."""
    return chr(name2codepoint[entity[1]]) if entity[1] in name2codepoint and entity[1] not in OF_XML else entity[0]


def _is_document(root: _Element) -> bool:
    """Return True for a known document type, or if sentences are a good part of the text."""
    if _name(root).lower() in DOCUMENTS:
        return True
    texts = [" ".join(text.split()) for text in root.itertext() if text.strip()]
    sentences = [text for text in texts
                 if (len(text) > SENTENCE and text.count(" ") > len(text) / 20) or len(WIDE.findall(text)) > WIDE_SENTENCE]
    values = sum(len(value) for node in root.iter() if isinstance(node.tag, str) for value in node.attrib.values())
    return sum(map(len, sentences)) > SHARE_OF_SENTENCES * (sum(map(len, texts)) + values / 4)


def _write(node: _Element, builder: ExtractionBuilder, depth: int) -> None:
    """Write an element as title, table or paragraph, or write its children."""
    name, children = _name(node), [child for child in node if _name(child)]
    if not name or name in TECHNICAL:
        return
    if name in TITLES:
        builder.add_heading(_line(node), min(6, max(1, depth)))
    elif name == "table" or any(_name(child) in ROWS for child in children):
        _write_table(node, builder, depth)
    elif not children or name in PROSE or name in CITED or _is_mixed(node) or _is_short(children):
        _write_text(node, builder, bool(children) or name in PROSE)
    else:
        below = depth + any(_name(child) in TITLES for child in children)
        for child in children:
            _write(child, builder, below)


def _write_table(node: _Element, builder: ExtractionBuilder, depth: int) -> None:
    rows = [[_line(cell) for cell in row if _name(cell) in CELLS] for row in _rows(node)]
    if any(rows):
        for beside in (child for child in node if _name(child) and not any(_name(inner) in ROWS for inner in child.iter())):
            builder.add(_line(beside))  # its title or caption
        builder.add_table([row for row in rows if row])
    else:
        for child in node:
            _write(child, builder, depth)


def _rows(node: _Element) -> Iterator[_Element]:
    """Yield the rows of a table, not those of tables in its cells."""
    for child in node:
        if _name(child) in ROWS and any(_name(cell) in CELLS for cell in child):
            yield child
        else:
            yield from _rows(child)


def _write_text(node: _Element, builder: ExtractionBuilder, is_paragraph: bool) -> None:
    raw = "".join(_texts(node))
    if MARKUP.search(raw):  # the entry of a feed may hold escaped HTML
        raw, is_paragraph = html_to_text(raw), True
    else:
        raw = " ".join(raw.split())
    builder.add(raw, PARAGRAPH if is_paragraph or len(raw) > SHORT else LINE)


def _line(node: _Element) -> str:
    return " ".join("".join(_strings(node)).split())


def _texts(node: _Element) -> Iterator[str]:
    """Yield the texts of an element, with spaces between those of its children if it has no text of its own."""
    gap = "" if _is_mixed(node) or _name(node) in PROSE else " "
    for text in _strings(node):
        yield text
        yield gap


def _strings(node: _Element) -> Iterator[str]:
    """Yield the texts in an element without entities."""
    return (str(text) for text in node.itertext() if not ENTITY.fullmatch(str(text)))


def _name(node: _Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _is_mixed(node: _Element) -> bool:
    """Return True if an element holds both text and elements, as a paragraph does."""
    return bool(len(node)) and (bool((node.text or "").strip()) or any((child.tail or "").strip() for child in node))


def _is_short(children: list[_Element]) -> bool:
    if any(len(child) or _name(child) in TITLES or _name(child) in PROSE for child in children):
        return False
    return sum(len(child.text or "") for child in children) <= SHORT
