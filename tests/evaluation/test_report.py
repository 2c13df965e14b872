"""Reports: what they say, that nothing in them is taken for markup, and that they need nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from assistant.errors import UsageError
from assistant.evaluation import Row, summarise
from assistant.evaluation.report import markdown, page, write_report

VOID = {"meta", "br"}


def row(number, contains, seconds=1.0, **fields):
    metrics = {"contains": contains, "f1": contains, "total_seconds": seconds, "first_token_seconds": seconds / 2}
    return Row(str(number), f"Question {number}?", fields.pop("kind", "a"), "en", metrics, answer="May [1]", **fields)


RIGHT = [row(number, 1.0, 1.0 + number, sources=("lease.pdf, p. 2",)) for number in range(8)]
MADE_UP = Row("9", "Who <b>mends</b> | it?", "b", "en", {"abstention_recall": 0.0}, answer="<script>alert(1)</script>",
              answerable=False)
EVALUATION = summarise([*RIGHT, row(8, 0.0, kind="b", expected=("June",)), MADE_UP], 10,
                       {"library": "my & own", "chat": "small", "embedder": "tiny"})


class Balance(HTMLParser):
    """Notes the tags that are open."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(text):
    found = Balance()
    found.feed(text)
    assert found.open == []
    return found.seen


def test_the_page_is_whole_and_needs_nothing_from_elsewhere():
    text = page(EVALUATION)
    tags = parsed(text)
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe"}
    assert not any(name in {"src", "href"} or name.startswith("on") for _, attributes in tags for name in attributes)
    assert "http" not in text.replace("http-equiv", "")
    assert "prefers-color-scheme:dark" in text
    assert "my &amp; own" in text


def test_drawings_are_well_formed():
    drawings = re.findall(r"<svg.*?</svg>", page(EVALUATION), re.DOTALL)
    assert len(drawings) == 3
    for drawing in drawings:
        assert ElementTree.fromstring(drawing).tag == "svg"
    dots = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', drawings[1])]
    assert 210 <= min(dots) <= max(dots) <= 610


def test_words_of_files_and_models_are_no_markup():
    assert "&lt;script&gt;" in page(EVALUATION)
    assert r"Who \<b\>mends\</b\> \| it?" in markdown(EVALUATION)


def test_the_worst_questions_are_told():
    text = markdown(EVALUATION)
    worst = text[text.index("went worst"):]
    assert worst.index("mends") < worst.index("Question 8?")
    assert "- expected: June" in worst
    assert "Question 7?" not in worst
    assert "| right | 8 |" in text
    assert "| in all | 4.0 s" in text
    assert "Question 7?" in page(EVALUATION)


def test_a_report_of_the_search_alone():
    result = summarise([Row("1", "?", "", "", {"recall_at_10": 1.0}), Row("2", "?", "", "", {})], 2, {"library": "x"})
    assert "| right file found | 2 |" in markdown(result)
    assert parsed(page(result))
    assert parsed(page(summarise([Row("1", "?", "", "", {})], 1, {})))


def test_files_are_named_by_what_they_are(tmp_path):
    for name, beginning in (("r.md", "# Library"), ("r.HTML", "<!doctype html>")):
        write_report(tmp_path / name, EVALUATION)
        assert (tmp_path / name).read_text("utf-8").startswith(beginning)
    with pytest.raises(UsageError, match="neither"):
        write_report(tmp_path / "r.txt", EVALUATION)
    with pytest.raises(UsageError, match="cannot be written"):
        write_report(tmp_path / "none" / "r.md", EVALUATION)
