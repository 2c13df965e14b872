from __future__ import annotations

import io
import zipfile

import pytest

from assistant.errors import UnreadableFile
from assistant.ingest.extractors import zip_package as package
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.office.pptx import read_slides

SPACES = 'xmlns:p="p" xmlns:a="a" xmlns:r="r" xmlns:c="c" xmlns:dgm="dgm" xmlns:mc="mc"'


def shape(*texts: str, role: str = "", place: tuple[int, int] | None = None, index: str = "") -> str:
    mark = f'<p:nvSpPr><p:nvPr><p:ph type="{role}" idx="{index}"/></p:nvPr></p:nvSpPr>' if role or index else ""
    frame = f'<a:xfrm><a:off x="{place[0]}" y="{place[1]}"/><a:ext cx="50" cy="10"/></a:xfrm>' if place else ""
    paragraphs = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in texts)
    return f"<p:sp>{mark}<p:spPr>{frame}</p:spPr><p:txBody>{paragraphs}</p:txBody></p:sp>"


def tree(*shapes: str) -> str:
    return f"<p:sld {SPACES}><p:cSld><p:spTree>{''.join(shapes)}</p:spTree></p:cSld></p:sld>"


def relation(identity: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{identity}" Type="http://x/{kind}" Target="{target}"/>'


def deck(*slides: str, order: tuple[int, ...] = (), related: str = "", **parts: str) -> bytes:
    """Write a presentation; `related` are the relationships of its first slide, `parts` further parts by name."""
    numbers = order or tuple(range(1, len(slides) + 1))
    identities = "".join(f'<p:sldId id="{255 + number}" r:id="r{number}"/>' for number in numbers)
    sections = '<p:ext><p:sldId id="256"/></p:ext>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("ppt/presentation.xml", f"<p:x {SPACES}>{identities}{sections}</p:x>")
        rels = "".join(relation(f"r{number}", "slide", f"slides/slide{number}.xml") for number in range(1, len(slides) + 1))
        archive.writestr("ppt/_rels/presentation.xml.rels", f"<R>{rels}</R>")
        for number, content in enumerate(slides, 1):
            archive.writestr(f"ppt/slides/slide{number}.xml", content)
        archive.writestr("ppt/slides/_rels/slide1.xml.rels", f"<R>{related}</R>")
        for name, content in parts.items():
            archive.writestr(f"ppt/{name}", content)
    return buffer.getvalue()


def read(data: bytes):
    return read_slides(Source(data, "a.pptx"))


def test_slides_are_parts_in_the_order_of_the_presentation():
    found = read(deck(tree(shape("One", role="title")), tree(shape("Two", role="ctrTitle")), order=(2, 1)))
    assert found.text == "Two\n\nOne"
    assert [(part.slide, found.text[part.char_start : part.char_end]) for part in found.parts] == [(1, "Two"), (2, "One")]
    assert [(heading.level, heading.title) for heading in found.headings] == [(1, "Two"), (1, "One")]
    assert found.title == "Two"


def test_exponents_are_no_digits_of_the_number_before():
    raised = shape("10</a:t></a:r><a:r><a:rPr baseline='30000'/><a:t>6</a:t></a:r><a:r><a:rPr baseline='-25000'/><a:t>2")
    assert read(deck(tree(raised))).text == "10⁶2"


def test_shapes_are_read_from_top_to_bottom_the_title_first():
    right, left = shape("right", place=(60, 52)), shape("left", place=(0, 50))
    low, title = shape("low", place=(0, 90)), shape("Title", role="title", place=(0, 95))
    frame = "<a:xfrm><a:off x='0' y='70'/><a:ext cx='9' cy='9'/></a:xfrm>"
    group = f"<p:grpSp><p:grpSpPr>{frame}</p:grpSpPr>{shape('in group')}</p:grpSp>"
    number = shape("7", role="sldNum", place=(0, 0))
    assert read(deck(tree(low, right, number, group, left, title))).text == "Title\n\nleft\n\nright\n\nin group\n\nlow"


def test_placeholders_are_where_their_layout_puts_them():
    layout = tree(shape(role="body", index="1", place=(0, 80)), shape(role="body", index="2", place=(0, 20)))
    slide = tree(shape("below", index="1"), shape("above", index="2"))
    data = deck(slide, related=relation("l", "slideLayout", "../slideLayouts/l1.xml"), **{"slideLayouts/l1.xml": layout})
    assert read(data).text == "above\n\nbelow"


def test_bullets_and_line_breaks():
    body = shape("first", "second", role="body")
    plain = "<p:sp><p:txBody><a:p><a:pPr><a:buChar char='*'/></a:pPr><a:r><a:t>item</a:t></a:r></a:p>" \
            "<a:p><a:r><a:t>one</a:t></a:r><a:br/><a:r><a:t>two</a:t></a:r></a:p></p:txBody></p:sp>"
    assert read(deck(tree(body, plain))).text == "- first\n- second\n\n- item\none\ntwo"


def test_tables_notes_charts_and_diagrams():
    def cell(text: str) -> str:
        return f"<a:tc><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"

    table = f"<a:tbl><a:tr>{cell('Year')}{cell('Sales')}</a:tr><a:tr>{cell('2023')}{cell('10')}</a:tr></a:tbl>"
    frames = f"<p:graphicFrame>{table}</p:graphicFrame>"
    frames += '<p:graphicFrame><c:chart r:id="c"/></p:graphicFrame><p:graphicFrame><dgm:relIds r:dm="d"/></p:graphicFrame>'
    frames += '<p:graphicFrame><c:chart r:id="gone"/></p:graphicFrame><p:pic><p:blipFill/></p:pic>'
    chart = f"""<c:chart {SPACES}><c:title><a:p><a:r><a:t>Rain</a:t></a:r></a:p></c:title><c:ser><c:tx><c:pt idx="0"><c:v>mm</c:v>
    </c:pt></c:tx><c:cat><c:pt idx="0"><c:v>May</c:v></c:pt><c:pt idx="1"><c:v>June</c:v></c:pt></c:cat>
    <c:val><c:pt idx="1"><c:v>7</c:v></c:pt></c:val></c:ser></c:chart>"""
    diagram = f"<dgm:x {SPACES}><dgm:pt><dgm:t><a:p><a:r><a:t>Plan</a:t></a:r></a:p></dgm:t></dgm:pt>" \
              "<dgm:pt type='pres'><dgm:t><a:p><a:r><a:t>no</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:x>"
    related = relation("c", "chart", "../charts/c.xml") + relation("d", "diagramData", "../diagrams/d.xml")
    related += relation("n", "notesSlide", "../notesSlides/n.xml") + relation("x", "notesSlide", "../gone.xml")
    notes = tree(shape("3", role="sldNum"), shape("Say this.", "And that.", role="body"))
    parts = {"charts/c.xml": chart, "diagrams/d.xml": diagram, "notesSlides/n.xml": notes}
    found = read(deck(tree(frames), related=related, **parts))
    assert found.text == (
        "Year | Sales\n2023 | 10\n\nRain\n\n | mm\nMay\nJune | 7\n\n- Plan\n\nNotes\n\nSay this.\nAnd that."
    )
    assert found.tables[0].header == "Year | Sales"
    assert [(heading.level, heading.title) for heading in found.headings] == [(2, "Notes")]


def test_of_alternatives_the_newer_is_read():
    both = f"<mc:Choice>{shape('new')}</mc:Choice><mc:Fallback>{shape('old')}</mc:Fallback>"
    assert read(deck(tree(f"<mc:AlternateContent>{both}</mc:AlternateContent>"))).text == "new"


def test_a_damaged_slide_does_not_cost_the_others():
    found = read(deck("<p:sld", tree(shape("fine"))))
    assert found.text == "fine"
    assert found.parts[0].slide == 2
    assert found.notes == ("slide 1 is missing or damaged",)


def test_what_is_no_presentation_is_refused():
    data = deck(tree(shape("x")))
    for bad in (data[: len(data) // 2], b"no zip"):
        with pytest.raises(UnreadableFile, match="damaged: it is cut off or no PowerPoint presentation"):
            read(bad)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(UnreadableFile, match="holds no PowerPoint presentation"):
        read(buffer.getvalue())


def test_progress_is_told():
    steps: list[str] = []
    read_slides(Source(deck(tree(shape("a")), tree(shape("b"))), "a.pptx", on_step=steps.append))
    assert steps == ["slide 1 of 2", "slide 2 of 2"]


def test_a_slide_that_is_listed_again_is_read_once():
    assert read(deck(tree(shape("One")), tree(shape("Two")), order=(2, 1, 2, 2))).text == "Two\n\nOne"


def test_a_chart_of_too_many_cells_is_refused():
    points = "".join(f'<c:pt idx="{number}"><c:v>1</c:v></c:pt>' for number in range(2000))
    chart = f"<c:chart {SPACES}><c:ser><c:cat>{points}</c:cat></c:ser>{'<c:ser/>' * 2000}</c:chart>"
    with pytest.raises(UnreadableFile, match="too large: a chart"):
        read(deck(tree('<p:graphicFrame><c:chart r:id="c"/></p:graphicFrame>'), related=relation("c", "chart", "../c.xml"),
                  **{"c.xml": chart}))  # fmt: skip


def test_a_part_cannot_be_asked_for_without_end(monkeypatch):
    frames = '<p:graphicFrame><c:chart r:id="c"/></p:graphicFrame>' * 50
    data = deck(tree(frames), related=relation("c", "chart", "../c.xml"), **{"c.xml": f"<c:chart {SPACES}/>{' ' * 2000}"})
    assert read(deck(tree(shape("x"), frames), related="", **{"c.xml": "<c/>"})).text == "x"
    monkeypatch.setattr(package, "MAX_UNPACKED_BYTES", 20_000)
    with pytest.raises(UnreadableFile, match="unpacks to more than"):
        read(data)
