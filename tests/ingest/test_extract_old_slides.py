from __future__ import annotations

import struct

import pytest

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.legacy.ppt import read_ppt
from tests.ingest.compound_files import compound, summary

TITLE, BODY, NOTES, OTHER = 0, 1, 2, 4


def record(kind: int, content: bytes, instance: int = 0, version: int = 0) -> bytes:
    return struct.pack("<HHI", instance << 4 | version, kind, len(content)) + content


def container(kind: int, *records: bytes, instance: int = 0) -> bytes:
    return record(kind, b"".join(records), instance, 0xF)


def text(content: str, kind: int = OTHER) -> bytes:
    head = record(0x0F9F, struct.pack("<I", kind))
    latin = all(ord(character) < 256 for character in content)
    return head + (record(0x0FA8, content.encode("latin-1")) if latin else record(0x0FA0, content.encode("utf-16-le")))


def shape(*records: bytes, placeholder: int = 0, anchor: tuple[int, int] = ()) -> bytes:
    place = record(0xF00F, struct.pack("<4i", *anchor, 0, 0)) if anchor else b""
    client = container(0xF011, record(0x0BC3, struct.pack("<IBBH", 0, placeholder, 0, 0))) if placeholder else b""
    return container(0xF004, place, client, container(0xF00D, *records))


def table(*cells: tuple[int, int, str]) -> bytes:
    options = record(0xF122, struct.pack("<HI", 0x039F, 1), instance=1, version=3)
    return container(0xF003, container(0xF004, options), *(shape(text(cell), anchor=(left, top)) for left, top, cell in cells))


def page(kind: int, atom: bytes, *shapes: bytes) -> bytes:
    return container(kind, atom, container(0x040C, container(0xF002, container(0xF003, *shapes))))


def slide(*shapes: bytes, notes: int = 0) -> bytes:
    return page(0x03EE, record(0x03EF, bytes(16) + struct.pack("<II", notes, 0)), *shapes)


def notes_page(*shapes: bytes) -> bytes:
    return page(0x03F0, record(0x03F1, bytes(8)), *shapes)


def listed(reference: int, identity: int, *texts: bytes) -> bytes:
    return record(0x03F3, struct.pack("<5I", reference, 0, 0, identity, 0)) + b"".join(texts)


def presentation(slides: list[tuple[bytes, bytes]], notes: bytes = b"", token: int = 0xE391C05F, title: str = "") -> bytes:
    """Write slides with their outline texts in two saves: the first has the same slides, empty."""
    lists = [container(0x0FF0, *(listed(2 + number, 256 + number, outline) for number, (_, outline) in enumerate(slides)))]
    lists.append(container(0x0FF0, listed(100, 999) if notes else b"", instance=2))
    master = container(0x0FF0, listed(90, 1, text("Click to edit", TITLE)), instance=1)
    objects = {1: container(0x03E8, master, *lists), **{2 + number: page_ for number, (page_, _) in enumerate(slides)}}
    objects |= {100: notes} if notes else {}
    main, edit = b"", 0
    for is_newest in (False, True):
        offsets = {}
        for number, content in objects.items():
            offsets[number] = len(main)
            main += content if is_newest else slide(shape(text("of an earlier save")))
        directory = len(main)
        entries = b"".join(struct.pack("<II", 1 << 20 | number, offset) for number, offset in offsets.items())
        main += record(0x1772, entries)
        last, edit = edit, len(main)
        main += record(0x0FF5, struct.pack("<7I", 0, 0, last, directory, 1, 0, 0))
    user = record(0x0FF6, struct.pack("<3I", 20, token, edit))
    return compound({"PowerPoint Document": main, "Current User": user, "\x05SummaryInformation": summary(title)})


def read(data: bytes):
    return read_ppt(Source(data, "a.ppt"))


def test_every_slide_is_a_part_with_its_title_first():
    first = slide(shape(text("aside")), shape(record(0x0F9E, struct.pack("<I", 1))), shape(record(0x0F9E, struct.pack("<I", 0))))
    outline = text("Growth", TITLE) + text("Sales rose\rCosts fell\x0bat last", BODY)
    found = read(presentation([(first, outline), (slide(), b""), (slide(shape(text("第三页", TITLE))), b"")], title="Results"))
    assert [part.slide for part in found.parts] == [1, 3] and found.title == "Results"
    assert [found.text[part.char_start : part.char_end] for part in found.parts] == [
        "Growth\n\naside\n\nSales rose\nCosts fell at last",
        "第三页",
    ]
    assert [(heading.level, heading.title) for heading in found.headings] == [(1, "Growth"), (1, "第三页")]


def test_outline_text_that_no_shape_shows_is_not_lost():
    assert (
        read(presentation([(slide(shape(text("box"))), text("Only in the outline", BODY))])).text == "box\n\nOnly in the outline"
    )


def test_tables_are_rows_by_the_corners_of_their_cells():
    cells = [(0, 0, "Name"), (50, 0, "Sum"), (0, 10, "a"), (50, 10, "1"), (50, 20, "2")]
    found = read(presentation([(slide(table(*cells)), b"")]))
    assert found.text == "Name | Sum\na | 1\n | 2" and found.tables[0].header == "Name | Sum"


def test_notes_stand_under_a_heading_of_their_own():
    notes = notes_page(shape(text("Say this", NOTES)), shape(text("12", OTHER)))
    found = read(presentation([(slide(shape(text("Title", TITLE)), notes=999), b"")], notes))
    assert found.text == "Title\n\nNotes\n\nSay this"
    assert [(heading.level, heading.title) for heading in found.headings] == [(1, "Title"), (2, "Notes")]


def test_dates_footers_and_numbers_are_left_out():
    shapes = [shape(text(f"furniture {number}"), placeholder=number) for number in (7, 8, 9, 10)]
    assert read(presentation([(slide(*shapes, shape(text("body"), placeholder=14)), b"")])).text == "body"


def test_damaged_files_say_so():
    for data in (compound({"Other": b"x"}), compound({"PowerPoint Document": bytes(100), "Current User": bytes(40)}), b"no"):
        with pytest.raises(UnreadableFile, match=r"damaged"):
            read(data)
    whole = presentation([(slide(shape(text("words"))), b"")])
    with pytest.raises(UnreadableFile):
        read(whole[:700])


def test_files_that_say_they_are_encrypted_are_refused():
    with pytest.raises(UnreadableFile, match="it is encrypted"):
        read(presentation([(slide(shape(text("words"))), b"")], token=0xF3D1C4DF))


def test_groups_cannot_be_nested_without_end():
    deep = shape(text("deep"))
    for _ in range(100):
        deep = container(0xF003, deep)
    with pytest.raises(UnreadableFile, match="nested too deeply"):
        read(presentation([(slide(deep), b"")]))


def test_slides_that_are_listed_again_and_again_are_refused():
    page_ = slide(*(shape(text("")) for _ in range(40)))
    main = container(0x03E8, container(0x0FF0, *(listed(2, 256) for _ in range(400))))
    directory = record(0x1772, struct.pack("<IIII", 1 << 20 | 1, 0, 1 << 20 | 2, len(main)))
    at = len(main) + len(page_)
    edit = record(0x0FF5, struct.pack("<7I", 0, 0, 0, at, 1, 0, 0))
    user = record(0x0FF6, struct.pack("<3I", 20, 0xE391C05F, at + len(directory)))
    with pytest.raises(UnreadableFile, match="overlap"):
        read(compound({"PowerPoint Document": main + page_ + directory + edit, "Current User": user}))
