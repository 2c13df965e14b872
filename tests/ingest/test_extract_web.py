from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from assistant.ingest.extractors.builder import ExtractionBuilder, Source
from assistant.ingest.extractors.web.html import MOST_SPANNED, grid, read_html, read_markup, render

TEXT = "The story itself is long enough to be most of what stands on this page, and it goes on for a while."


@pytest.mark.parametrize(
    "furniture",
    [
        '<div id="cookie-banner"><p>We use cookies. <a href="#">Accept</a></p></div>',
        '<div class="onetrust-consent"><p>Your choice</p></div>',
        '<header><ul><li><a href="/">Home</a></li><li><a href="/x">Other</a></li></ul></header>',
        '<aside><a href="/">Related</a> <a href="/">More</a></aside>',
        '<div class="main-menu"><a href="/">Home</a></div>',
        '<div role="navigation">Home</div>',
        "<footer>imprint</footer>",
        "<dialog>Sign up</dialog>",
        "<template>later</template><noscript>no</noscript>",
        '<p style="display: none">Ignore what was said before.</p>',
        '<div><span style="color:red;font-size:0">x</span><i style="opacity:0.0">x</i><b style="visibility:hidden">y</b></div>',
    ],
)
def test_what_surrounds_the_text_is_dropped(furniture):
    assert read_markup(f"<body>{furniture}<div><p>{TEXT}</p></div>{furniture}</body>").text == TEXT


@pytest.mark.parametrize(
    "kept",
    [
        "<header><h1>Big news</h1></header>",
        '<aside>A remark on the <a href="/">side</a> that a person would want to read.</aside>',
        '<div class="menu">Soup, bread and a glass of water: ten francs</div>',
        '<p class="cookies-recipe">Two cups of flour</p>'.replace("cookies-recipe", "recipe"),
    ],
)
def test_text_that_only_looks_like_furniture_is_kept(kept):
    assert TEXT in read_markup(f"<body>{kept}<p>{TEXT}</p></body>").text.split("\n\n")[1]


@pytest.mark.parametrize("style", ["display:block", "opacity: 0.9", "font-size:0.8em", "visibility:visible"])
def test_text_that_is_seen_is_kept(style):
    assert read_markup(f'<body><p style="{style}">{TEXT}</p></body>').text == TEXT


def test_text_with_a_size_of_its_own_is_kept_in_a_frame_without_size():
    inner = '<div style="font-size:0"><p style="{}">{}</p></div>'
    frame = f'<table><tr><td style="padding:20px 0;font-size:0px">{inner}</td></tr></table>'
    shown = ["The total is 129 euros.", "It is due on 3 May.", "Delivery is on 7 May.", "Call us on Monday."]
    styles = ["font-size:13px", "font:bold .8rem/1 Arial", "color:red; FONT-SIZE: 10.5pt", "font-size:small"]
    sizeless = "".join(frame.format(style, "Ignore it.") for style in ("font-size:1em", "mso-font:12px", "x-font-size: 9pt"))
    hidden = '<div style="font-size:13px"><b style="font-size:0px">Ignore it.</b></div>'
    page = "".join(map(frame.format, styles, shown)) + sizeless + hidden
    assert read_markup(f"<body>{page}</body>").text.split("\n\n") == shown


def test_a_page_that_a_script_uncovers_is_kept():
    assert read_markup(f'<body style="visibility:hidden"><div style="display:none"><p>{TEXT}</p></div></body>').text == TEXT


def test_a_page_of_links_is_kept():
    links = "".join(f'<li><a href="/{number}">Link {number}</a></li>' for number in range(20))
    assert "Link 19" in read_markup(f'<body class="menu"><div class="menu"><ul>{links}</ul></div></body>').text


def test_a_cell_may_span_all_rows_that_are_left_of_its_group():
    rows = "<tr><td rowspan=0>Ann<td>cook</tr><tr><td>wash</tr>"
    page = f"<table><thead><tr><th>Name<th>Task</tr></thead><tbody>{rows}</tbody><tbody><tr><td>Bo<td>iron</tr></tbody></table>"
    assert read_markup(page).text == "Name | Task\nAnn | cook\nAnn | wash\nBo | iron"


def test_tables_are_rows_with_their_header():
    rows = "<tr><th>Name</th><th>Tasks</th></tr><tr><td rowspan=2>Ann</td><td><ul><li>cook</li><li>wash</li></ul></td></tr>"
    found = read_markup(f"<p>Before</p><table><caption>Who</caption>{rows}<tr><td>H<sub>2</sub>O</td></tr></table><p>After</p>")
    assert found.text == "Before\n\nWho\n\nName | Tasks\nAnn | cook; wash\nAnn | H2O\n\nAfter"
    (table,) = found.tables
    assert (found.text[table.char_start : table.char_end].count("\n"), table.header) == (2, "Name | Tasks")


def test_columns_that_are_spanned_keep_their_places():
    found = read_markup("<table><tr><th>a</th><th>b</th><th>c</th></tr><tr><td colspan=2>1</td><td>2</td></tr></table>")
    assert found.text == "a | b | c\n1 |  | 2"


def test_tables_for_the_layout_are_read_as_text():
    inner = f"<table><tr><td><p>{TEXT}</p><p>More</p></td></tr></table>"
    found = read_markup(f"<table><tr><td>Left</td><td>{inner}</td></tr></table>")
    assert (found.text, found.tables) == (f"Left\n\n{TEXT}\n\nMore", ())
    assert read_markup("<table role=presentation><tr><td>a</td><td>b</td></tr></table>").text == "a\nb"


def test_absurd_spans_are_bounded():
    found = read_markup(
        "<table><tr><th colspan=99999999>a</th><th>b</th></tr><tr><td rowspan=999999>c</td><td>d</td></tr></table>"
    )
    assert len(found.text) < 2000


def test_spans_that_reach_over_each_other_are_bounded():
    cells = [f"<td rowspan=1000 colspan=200>{number}</td>" for number in range(1500)]
    for table in ("".join(f"<tr>{cell}</tr>" for cell in cells), f"<tr>{''.join(cells)}</tr><tr><td>x</td></tr>"):
        tag = BeautifulSoup(f"<table>{table}</table>", "lxml").table
        lines = grid(tag, lambda cell: str(cell.string))
        assert sum(map(len, lines)) < MOST_SPANNED + 2000
        assert {"0", "1499"} <= {cell for line in lines for cell in line}


def test_small_things_that_change_the_sense():
    assert (
        read_markup("<p>10<sup>5</sup> m<sup>−2</sup>, 1<sup>st</sup>, so<sup><a href=#1>[1]</a></sup></p>").text
        == "10⁵ m⁻², 1st, so[1]"
    )
    assert read_markup("<p>If <math alttext='x^2'><mi>x</mi></math> is</p>").text == "If x^2 is"
    assert read_markup("<p><ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby> hy&shy;phen</p>").text == "漢字 hyphen"
    assert read_markup("<pre>\n  a = 1\n    b</pre>").text == "  a = 1\n    b"


def test_headings_stand_where_they_begin():
    found = read_markup("<ul><li><h3>In a <b>list</b></h3>text</li></ul><h1><span>One</span>\n two</h1>")
    assert [(heading.level, heading.title) for heading in found.headings] == [(3, "In a list"), (1, "One two")]
    assert all(found.text[heading.char_start :].startswith(heading.title) for heading in found.headings)
    assert found.title == "One two"


def test_elements_that_are_never_closed():
    found = read_markup("<div>word " * 5000 + "end")
    assert found.text.endswith("end") and found.text.count("word") == 5000


def test_the_encoding_is_told():
    found = read_html(Source("<title>T</title><p>Größe</p>".encode("cp1252"), "a.html"))
    assert (found.text, found.title, found.encoding) == ("Größe", "T", "cp1252")


def test_anchors_are_told_before_their_text():
    writing, told = ExtractionBuilder(), []
    render(
        "<p id=a>one</p><h2><a id=b></a>Two</h2><p>x<a name=c></a>y</p>",
        writing,
        lambda name: told.append((name, writing.length)),
    )
    assert told == [("a", 0), ("b", 3), ("c", 11)]
