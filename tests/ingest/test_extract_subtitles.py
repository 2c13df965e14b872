from __future__ import annotations

import time

import pytest

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.text.subtitles import read_subtitles

SRT = """1
00:00:01,000 --> 00:00:03,000
<i>Hello</i> {\\an8}there,
my <font color="red">friend</font>.

2
00:00:03,500 --> 00:00:05,000 X1:40 X2:600
2 < 3

3
01:02:03,000 --> 01:02:05,000
Late.
"""
VTT = """WEBVTT Title

STYLE
::cue { color: red }

NOTE a remark
00:00 --> none

intro
00:01.000 --> 00:02.000 align:start
<v.loud Ann Lee>Hi &amp; <00:01.500><c>bye</c></v>

00:02.000 --> 00:03.000
<v Ann Lee>again

00:03.000 --> 00:04.000
<v Bob>yes
"""


def read(text: str, name: str = "a.srt"):
    return read_subtitles(Source(text.encode(), name))


def lines(found):
    """Return each mark's time and the line it stands at."""
    return [(mark.time, found.text[mark.char_start :].split("\n")[0]) for mark in found.marks]


def test_srt():
    found = read(SRT)
    assert lines(found) == [("00:01", "Hello there, my friend."), ("00:03", "2 < 3"), ("1:02:03", "Late.")]
    assert found.text == "Hello there, my friend.\n2 < 3\n\nLate."


def test_vtt_without_notes_and_styles_but_who_speaks():
    found = read(VTT, "a.vtt")
    assert lines(found) == [("00:01", "Ann Lee: Hi & bye"), ("00:02", "again"), ("00:03", "Bob: yes")]


def test_captions_that_roll_are_not_repeated():
    found = read(
        "00:01.000 --> 00:02.000\none\n\n00:02.000 --> 00:03.000\none\ntwo\n\n00:03.000 --> 00:04.000\ntwo\nthree\n", "a.vtt"
    )
    assert found.text == "one\ntwo\nthree"


def test_cues_without_empty_lines_between():
    assert read("1\n00:00:01,000 --> 00:00:02,000\na\n2\n00:00:02,000 --> 00:00:03,000\nb\n").text == "a\nb"


def test_other_encodings_and_line_ends():
    found = read_subtitles(Source(SRT.replace("friend", "naïve").replace("\n", "\r\n").encode("utf-16"), "a.srt"))
    assert found.text.startswith("Hello there, my naïve.") and found.encoding == "utf-16-le"


def test_what_is_no_subtitle():
    with pytest.raises(UnreadableFile, match="no subtitles"):
        read("just text")


def test_two_long_cues_take_no_time():
    lines = "\n".join(f"line {number}" for number in range(40_000))
    other = lines.replace("line", "other")
    started = time.process_time()
    found = read(f"00:00:01.000 --> 00:00:02.000\n{lines}\n\n00:00:03.000 --> 00:00:04.000\n{other}\n")
    assert len(found.marks) == 2 and time.process_time() - started < 5
