from __future__ import annotations

import re
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.datatypes import Document, Extraction, Heading, Part, PositionLabel, Shape, Table
from assistant.ingest import chunk
from assistant.ingest.chunking.chunker import cells_of
from assistant.ingest.extractors.builder import ExtractionBuilder, Source
from assistant.ingest.extractors.text.plain import read_code, read_markdown, read_plain

WORDS = "the report says that sales of the new line rose again in most of the regions we serve".split()
CHINESE = "本公司在报告期内的营业收入较上年同期有所增长，主要原因是市场需求增加。"


def count_words(texts):
    """Count like a tokenizer would: short runs of letters, single Chinese characters, signs."""
    return [len(re.findall(r"[\u3000-\u9fff]|[A-Za-z]{1,6}|\d{1,3}|[^\s\w]|\w", text)) for text in texts]


def document(extraction: Extraction, title: str = "Plan", path: str = "/home/me/plan.md") -> Document:
    return Document(path, title, "0" * 64, replace(extraction, title=title))


def prose(text: str, **changes) -> Document:
    return document(Extraction(text, (Part(0, len(text)),), **changes))


def sentences(count: int, length: int = 12) -> str:
    return " ".join(f"Sentence number {n} {' '.join(WORDS[:length])}." for n in range(count))


def check_tiling(doc: Document, chunks) -> None:
    text = doc.extraction.text
    at = 0
    for passage in chunks:
        where = passage.location
        assert passage.text == text[where.char_start : where.char_end] == passage.text.strip() != ""
        assert where.char_start >= at
        assert not text[at : where.char_start].strip()
        at = where.char_end
        parts = [part for part in doc.extraction.parts if part.char_start <= where.char_start < part.char_end]
        assert where.char_end <= parts[0].char_end and where.page == parts[0].page
    assert not text[at:].strip()


MIXED = st.lists(
    st.one_of(
        st.sampled_from(
            ["Dr. Li said 3.5 million. ", "\n\n", "\n", "# Heading\n", "第一条 ", CHINESE, "- item\n", "| a | b |\n", "  "]
        ),
        st.sampled_from(["\r\n", "\r", "\u3000", "x" * 300, "字" * 90, "a. b. c. ", "\x1c", "……”", "？！", "🙂" * 40]),
        st.text(max_size=40),
    ),
    max_size=40,
).map("".join)


@given(text=MIXED, limit=st.integers(4, 60), cuts=st.lists(st.integers(0, 2000), max_size=4), shape=st.sampled_from(Shape))
def test_chunks_tile_every_part(text, limit, cuts, shape):
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parts = tuple(Part(a, b, page=n) for n, (a, b) in enumerate(pairwise(edges), 1))
    headings = tuple(Heading(at, 1 + at % 3, f"H{at}") for at in cuts if at < len(text))
    doc = document(Extraction(text, parts, headings, shape=shape))
    chunks = chunk(doc, count_words, limit)
    check_tiling(doc, chunks)


@given(text=MIXED, limit=st.integers(8, 60))
def test_files_tile_whatever_reads_them(text, limit):
    for reader, name in ((read_plain, "a.txt"), (read_markdown, "a.md"), (read_code, "a.py")):
        try:
            doc = document(reader(Source(("Some words. " + text).encode(), name)))
        except Exception as error:
            assert "not text" in str(error)
            continue
        check_tiling(doc, chunk(doc, count_words, limit))


@given(words=st.lists(st.sampled_from([*WORDS, "end.", "one,", "\n\n", CHINESE]), min_size=1, max_size=400))
def test_no_chunk_is_longer_than_the_limit(words):
    doc = prose(" ".join(words))
    assert all(length <= 50 for length in count_words([passage.text for passage in chunk(doc, count_words, 50)]))


def test_an_empty_part_has_no_chunks():
    doc = document(Extraction("one\n\n\n\nthree", (Part(0, 3, page=1), Part(5, 5, page=2), Part(7, 12, page=3))))
    assert [(passage.text, passage.location.page) for passage in chunk(doc, count_words)] == [("one", 1), ("three", 3)]


def test_sections_are_balanced_and_leave_no_tiny_rest():
    lengths = count_words([passage.text for passage in chunk(prose(sentences(27)), count_words, 200)])
    assert len(lengths) > 2 and max(lengths) <= 200 and min(lengths) > 0.6 * max(lengths)


def test_cuts_are_at_paragraphs_then_sentences():
    text = f"{sentences(5)}\n\n{sentences(5)}\n\n{sentences(5)}"
    chunks = chunk(prose(text), count_words, 110)
    assert [passage.text for passage in chunks] == text.split("\n\n")
    assert all(passage.text.endswith(".") for passage in chunk(prose(sentences(40)), count_words, 100))


def test_abbreviations_and_numbers_do_not_end_sentences():
    text = (
        "Dr. Smith of Acme Inc. met J. R. Jones in the U.S. Capitol at No. 5 for 3.5 hours. "
        "See Fig. 3 and e.g. the table. They agreed on the contract!"
    )
    chunks = chunk(prose(text), count_words, 32)
    assert [passage.text[:7] for passage in chunks] == ["Dr. Smi", "See Fig"]


def test_chinese_sentences_keep_their_closing_quotes():
    text = "他说：“我们明天上午一起去北京参加会议。”她回答说她很高兴能够一起去！" * 6
    for passage in chunk(prose(text), count_words, 60):
        assert passage.text[-1] in "”！" and passage.text[0] in "他她"


def test_a_heading_stays_with_its_text():
    text = "# Plan\n\n## Empty\n\n## First\n\n" + sentences(30) + "\n\n## Second\n\n" + sentences(20)
    chunks = chunk(document(read_markdown(Source(text.encode(), "plan.md"))), count_words, 100)
    assert chunks[0].text.startswith("# Plan\n\n## Empty\n\n## First\n\nSentence")
    assert sum("## Second" in passage.text for passage in chunks) == 1
    assert next(passage for passage in chunks if "## Second" in passage.text).text.startswith("## Second\n\nSentence")
    assert {passage.location.heading for passage in chunks} == {"First", "Second"}


def test_tiny_sections_merge_under_one_parent_only():
    text = "# A\n\n## One\n\nfew words\n\n## Two\n\nfew words\n\n# B\n\nfew words\n"
    chunks = chunk(document(read_markdown(Source(text.encode(), "x.md")), title="X"), count_words)
    assert [passage.location.heading for passage in chunks] == ["A > One / Two", "B"]


def test_articles_of_a_law_keep_their_numbers():
    law = "第一章 总则\n\n" + "\n".join(f"第{n}条 {CHINESE}" for n in "一二三四五六七八")
    chunks = chunk(document(read_plain(Source(law.encode(), "law.txt")), title="劳动法", path="劳动法.txt"), count_words, 100)
    assert chunks[0].location.heading == "第一章 总则 > 第一条"
    assert chunks[0].context == "劳动法 > 第一章 总则 > 第一条"


def test_lines_count_within_the_page_or_the_file():
    text = "one\r\ntwo\rthree\n\nfour\nfive"
    whole = chunk(prose(text), count_words)[0].location
    assert (whole.line_start, whole.line_end) == (1, 6)
    start = text.index("four")
    pages = document(Extraction(text, (Part(0, 14, page=1), Part(start, len(text), page=2))))
    last = chunk(pages, count_words)[-1].location
    assert (last.page, last.line_start, last.line_end) == (2, 1, 2)
    chapters = document(Extraction(text, (Part(0, 14, chapter="I"), Part(start, len(text), chapter="II"))))
    assert chunk(chapters, count_words)[-1].location.line_start == 5


def test_context_has_title_path_and_header():
    rows = "name,age\n" + "\n".join(f"Person{n},{n}" for n in range(200))
    sheet = Extraction(rows, (Part(0, len(rows), sheet="S"),), tables=(Table(0, len(rows), "name | age"),), shape=Shape.TABLE)
    first, *rest = chunk(document(sheet, title="People", path="people.csv"), count_words, 60)
    assert first.context == "People" and first.text.startswith("name,age")  # it has the header itself
    assert rest and all(passage.context == "People\nname | age" and passage.location.sheet == "S" for passage in rest)
    assert all(line.count(",") == 1 for passage in (first, *rest) for line in passage.text.splitlines())


def test_a_table_among_prose_is_cut_between_rows_and_its_header_stays_with_each_piece():
    writing = ExtractionBuilder()
    writing.add_heading("Prices", 1)
    writing.add("Our prices are in euros. They hold for a year.")
    writing.add_table([["Item", "Price. In euros"], *([f"Item {n}", f"about {n}.5 euros. Maybe"] for n in range(60))])
    writing.add("Ask us for more. We are happy to help.")
    chunks = chunk(document(writing.finish()), count_words, 60)
    middle = [passage for passage in chunks if passage.text.startswith("Item ") and "Item |" not in passage.text]
    assert len(middle) > 3 and all(passage.context == "Plan > Prices\nItem | Price. In euros" for passage in middle)
    assert all(line.endswith("Maybe") for passage in middle for line in passage.text.split("\n") if line.startswith("Item "))
    assert "Item | Price" not in chunks[-1].context or "Item 59" in chunks[-1].text


def test_cells_and_times_of_a_passage_are_those_of_its_rows_and_cues():
    writing = ExtractionBuilder()
    writing.begin(Part(0, 0, sheet="S"))
    writing.add_table([[f"row {n}"] * 3 for n in range(3, 90)], [PositionLabel(0, f"B{n}:D{n}") for n in range(3, 90)])
    first, second, *_ = chunk(document(writing.finish()), count_words, 60)
    assert first.location.cells == f"B3:D{2 + len(first.text.splitlines())}"
    assert second.location.cells.startswith(f"B{3 + len(first.text.splitlines())}:D") and second.location.sheet == "S"
    writing = ExtractionBuilder()
    for n in range(60):
        writing.add(f"Words of cue number {n} here.", "\n", PositionLabel(0, time=f"{n // 60:02}:{n % 60:02}"))
    talk = chunk(document(writing.finish()), count_words, 60)
    assert talk[0].location.time == "00:00"
    assert talk[1].location.time == f"00:{int(talk[1].text.split('number ')[1].split()[0]):02}"


@pytest.mark.parametrize(
    ("cells", "whole"),
    [(["A2:C2", "B5:F5"], "A2:F5"), (["AA1:AB1", "B2:B2"], "B1:AB2"), (["C3"], "C3"), (["C3", "C4"], "C3:C4"), ([], None)],
)
def test_cells_of_several_rows(cells, whole):
    assert cells_of([PositionLabel(0, each) for each in cells]) == whole


def test_context_has_no_file_name_so_that_a_renamed_file_is_not_embedded_again():
    doc = Document("/x/plan.md", "plan", "0" * 64, Extraction("text", (Part(0, 4),)))
    assert chunk(doc, count_words)[0].context == ""


def test_context_is_short_even_under_long_headings():
    headings = tuple(Heading(n, n + 1, f"Level {n} " + "very long heading " * 9) for n in range(6))
    tables = (Table(0, 40, "column | " * 500),)
    context = chunk(document(Extraction("x " * 20, (Part(0, 40),), headings, tables)), count_words, 10)[-1].context
    assert count_words([context])[0] < 90 and "…" in context and context.startswith("Plan")


def test_code_is_cut_at_definitions_and_blank_lines():
    body = "\n".join(f"    total = total + {n}" for n in range(8))
    source = "import os\n\n\n" + "\n\n\n".join(f"def task_{n}(total):\n{body}\n    return total" for n in range(5))
    chunks = chunk(document(read_code(Source(source.encode(), "jobs.py")), title="jobs.py"), count_words, 90)
    assert all(passage.text.startswith(("def", "import")) for passage in chunks)
    assert chunks[1].location.heading == "task_1"


def test_counts_come_in_two_calls():
    calls = []

    def counting(texts):
        calls.append(len(texts))
        return count_words(texts)

    chunk(prose(sentences(50) + " " + "word " * 900), counting, 100)
    assert len(calls) == 2
    calls.clear()
    chunk(prose("Short."), counting)
    assert calls == [1]


def test_a_megabyte_is_cut_in_linear_time():
    hostile = [
        "x" * 1_000_000,
        "." * 1_000_000,
        "\n " * 500_000,
        "a. " * 333_000,
        "字" * 1_000_000,
        "…“" * 500_000,
        (sentences(20) + "\n\n") * 600,
        "# h\n" * 50_000,
    ]
    for text in hostile:
        doc = document(read_markdown(Source(text.encode(), "a.md")))
        start = time.process_time()
        chunks = chunk(doc, lambda texts: [1 + len(text) // 4 for text in texts], 200)
        assert time.process_time() - start < 5, text[:10]
        assert all(len(passage.text) <= 2000 for passage in chunks)
