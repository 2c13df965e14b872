from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.datatypes import Shape
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.encoding import decode, decode_as, decode_name
from assistant.ingest.extractors.text.plain import read_code, read_csv, read_markdown, read_plain, read_rst

CHINESE = "这是我们公司的年度报告。本年度的收入比上一年增长了百分之十，主要是因为市场需求的增加。"
TRADITIONAL = "這是我們公司的年度報告。本年度的收入比上一年增長了百分之十，主要是因為市場需求的增加。"
JAPANESE = "これは会社の年次報告書です。売上は前年に比べて増えました。"
KOREAN = "이것은 우리 회사의 연례 보고서입니다. 매출은 작년에 비해 증가하였다."
RUSSIAN = "Это годовой отчёт нашей компании. Выручка выросла на десять процентов по сравнению с прошлым годом."
FRENCH = "L’été, à l’école, les élèves étaient très heureux. Ça coûte dix francs, voilà tout."
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy. Zítra bude hezky a půjdeme ven."
TURKISH = "Güneşli bir gün. Çocuklar bahçede oynuyor, şarkı söylüyor, koşuyor ve ağaçlara tırmanıyor."
GREEK = "Η γρήγορη καφέ αλεπού πηδάει πάνω από το τεμπέλικο σκυλί."
HEBREW = "זהו משפט בעברית עם מספר מילים כדי לבדוק את הקידוד."
ARABIC = "هذه جملة باللغة العربية لاختبار الترميز في الملفات."
THAI = "ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำแน่นอน"
GERMAN = "Die Umsätze des Unternehmens stiegen im Jahr über zehn Prozent, größtenteils für Möbel und Bücher."


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        (CHINESE, "gb18030", "gb18030"),
        (TRADITIONAL, "big5", "big5hkscs"),
        (JAPANESE, "shift_jis", "cp932"),
        (JAPANESE, "euc_jp", "euc_jp"),
        (KOREAN, "euc_kr", "cp949"),
        (RUSSIAN, "cp1251", "cp1251"),
        (RUSSIAN, "koi8_r", "koi8-r"),
        (GERMAN, "cp1252", "cp1252"),
        (FRENCH, "cp1252", "cp1252"),
        (FRENCH, "mac_roman", "mac-roman"),
        (GERMAN, "cp850", "cp850"),
        (CZECH, "cp1250", "cp1250"),
        (CZECH, "iso8859_2", "iso8859-2"),
        (TURKISH, "cp1254", "cp1254"),
        (GREEK, "cp1253", "cp1253"),
        (HEBREW, "cp1255", "cp1255"),
        (ARABIC, "cp1256", "cp1256"),
        (THAI, "cp874", "cp874"),
        (RUSSIAN, "cp866", "cp866"),
        (RUSSIAN.replace("н", "н\r", 1), "mac_cyrillic", "mac-cyrillic"),
        ("El niño", "cp1252", "cp1252"),
        ("Привет", "cp1251", "cp1251"),
        ("Don’t — “quote” it…", "cp1252", "cp1252"),
        ("测试文件.txt", "gbk", "gb18030"),
        ("測試文件", "big5", "big5hkscs"),
        ("三木英子,25,大阪", "shift_jis", "cp932"),
        ("파일 이름", "euc_kr", "cp949"),
        (JAPANESE, "iso2022_jp", "iso2022_jp"),
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "utf-8"),
        (CHINESE, "utf-16", "utf-16-le"),
        (CHINESE, "utf-32", "utf-32-le"),
        (GERMAN, "utf-16-be", "utf-16-be"),
        (GERMAN, "utf-16-le", "utf-16-le"),
    ],
)
def test_encodings(text, encoding, named):
    decoded = decode(text.encode(encoding), ".txt")
    assert (decoded.text, decoded.encoding, decoded.notes) == (text, named, ())


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("短句".encode("gbk"), "gb2312", "短句"),
        ("“quoted”".encode("cp1252"), "iso-8859-1", "“quoted”"),
        (GERMAN.encode("cp1252"), "utf-8", GERMAN),
        (CHINESE.encode(), "no-such-charset", CHINESE),
        (GERMAN.encode(), "zlib", GERMAN),
        (b"Gr+APwA3w-e", "utf-7", "Grüße"),
        (b"plain", "", "plain"),
    ],
)
def test_declared_character_sets(data, charset, text):
    assert decode_as(data, charset) == text


def test_a_declaration_of_no_text_encoding_is_ignored():
    page = b"<meta charset='zlib'><p>" + GERMAN.encode("cp1252")
    assert decode(page, ".html", trust_declaration=True).text.endswith(GERMAN)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "año.txt"), ("gbk", "会议记录/审计报告.doc"), ("shift_jis", "日本語のファイル.txt"), ("cp437", "Müller/très.txt")],
)
def test_names_in_archives(encoding, name):
    assert decode_name(name.encode(encoding)) == name


def test_a_few_bad_bytes_do_not_change_the_encoding():
    decoded = decode(CHINESE.encode() + "é".encode()[:1], ".log")
    assert decoded.encoding == "utf-8" and decoded.text.startswith(CHINESE)
    assert decoded.notes == ("1 characters are not valid utf-8",)


def test_text_is_the_decoded_file_verbatim():
    text = "line one\r\n\r\n\tline two \x0c\u2028end\n"
    assert read_plain(Source(text.encode("utf-8-sig"), "a.txt")).text == text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_utf8_is_kept_verbatim(text):
    text = "A plain beginning. " + text
    assert read_plain(Source(text.encode(), "a.txt")).text == text


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_refused(data):
    try:
        decode(data, ".txt")
    except UnreadableFile as error:
        assert "not text" in str(error)


def titles(found):
    assert all(heading.char_start < len(found.text) for heading in found.headings)
    return [(heading.level, heading.title) for heading in found.headings]


MARKDOWN = """\
---
title: "From the front"
date: 2024-01-01
---
# One #

Text
## **Two** [linked](http://x)
```python
# no heading
```
Setext one
==========
Setext two
---
- item
---
~~~
## nor this
"""


def test_markdown_headings():
    found = read_markdown(Source(MARKDOWN.encode(), "a.md"))
    assert found.title == "From the front"
    assert titles(found) == [(1, "One"), (2, "Two linked"), (1, "Setext one"), (2, "Setext two")]
    assert found.text[found.headings[2].char_start :].startswith("Setext one\n===")


def test_rst_headings():
    found = read_rst(Source(b"Top\n===\n\ntext\n\nSub\n---\n\nmore\n\nOther\n=====\n", "a.rst"))
    assert titles(found) == [(1, "Top"), (2, "Sub"), (1, "Other")]
    assert found.title == "Top"


def test_numbered_headings_of_laws_and_reports():
    law = "中华人民共和国劳动合同法\n\n第一章　总则\n\n第一条　为了完善劳动合同制度，制定本法。\n第十二条 劳动合同分为三种。\n"
    assert titles(read_plain(Source(law.encode(), "law.txt"))) == [(2, "第一章 总则"), (4, "第一条"), (4, "第十二条")]
    text = "CHAPTER 1 Scope\n\nArticle 5\n\n1.2 Working hours\n\n1. Buy milk and bread.\n3.5 million people, who\n"
    found = titles(read_plain(Source(text.encode(), "a.txt")))
    assert found[:3] == [(1, "CHAPTER 1 Scope"), (2, "Article 5"), (4, "1.2 Working hours")]
    sources = '1. Hugman, Barry J., ed. (2005). The Book\n2. Roberts 2004, p. 3\n3. Fox "Diary of it"\n4. Working hours\n'
    assert titles(read_plain(Source(sources.encode(), "a.txt"))) == [(3, "4. Working hours")]


def test_definitions_in_code():
    python = "import x\n\n@one\n@two\nclass A:\n    def f(self):\n        pass\n\nasync def g():\n    pass\n"
    found = read_code(Source(python.encode(), "a.py"))
    assert titles(found) == [(1, "A"), (2, "f"), (1, "g")]
    assert found.text[found.headings[0].char_start :].startswith("@one")
    assert found.shape is Shape.CODE and found.title == "a.py"


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("a.js", "export default function go(x) {\n}\nclass Car {}\n", ["go", "Car"]),
        ("a.go", "func (c *Car) Drive(x int) {\n}\ntype X int\n", ["Drive"]),
        ("a.go", "type Car struct {\n}\ntype Driver interface {\n", ["Car", "Driver"]),
        ("a.ts", "export const load = async (x: number): Promise<T> => {\nconst sum = (a + b);\nlet f = x => x\n", ["load", "f"]),
        ("a.rs", "pub fn run() {\n}\nimpl Car {\n", ["run", "Car"]),
        ("a.c", "static int add(int a, int b)\n{\n  return add(1);\n}\nif (x) {\n", ["add"]),
        ("A.java", "public class A {\n    private int f(String s) {\n", ["A", "f"]),
        ("a.sh", "build() {\n  make\n}\n", ["build"]),
        ("a.toml", "[tool.ruff]\nx = 1\n[[list]]\n", ["tool.ruff", "list"]),
        ("a.yml", "jobs:\n  a: 1\n", ["jobs"]),
        ("a.tex", "\\section{Intro}\n\\subsection*{More}\n", ["Intro", "More"]),
        ("a.org", "* One\n** Two\n", ["One", "Two"]),
        ("a.sql", "CREATE TABLE people (id int);\n", ["people"]),
        ("a.json", '{"class": 1}', []),
    ],
)
def test_definitions_in_other_languages(name, source, expected):
    assert [heading.title for heading in read_code(Source(source.encode(), name)).headings] == expected


def test_xml_is_decoded_as_it_declares():
    data = '<?xml version="1.0" encoding="gb2312"?><a>短句</a>'.encode("gb18030")
    found = read_code(Source(data, "a.xml"))
    assert "短句" in found.text and found.encoding == "gb18030"


@pytest.mark.parametrize(
    ("name", "text", "header"),
    [
        ("a.csv", "name,age\nAnn,30\nBob,31\n", "name | age"),
        ("a.csv", "name;full name\nAnn;A, B\n", "name | full name"),
        ("a.tsv", "name\tage\nAnn\t30\n", "name | age"),
        ("a.csv", "1,2\n3,4\n", ""),
        ("a.csv", "name,2019\nAnn,3\n", ""),
        ("a.csv", "just one column\nmore\n", ""),
        ("a.csv", "姓名,年龄\n张三,30\n", "姓名 | 年龄"),
    ],
)
def test_csv_is_verbatim_and_knows_its_header(name, text, header):
    found = read_csv(Source(text.encode(), name))
    assert (found.text, found.tables[0].header, found.shape) == (text, header, Shape.TABLE)


def test_code_in_a_line_of_markdown_opens_no_fence():
    text = "# One\n\n```pip install```\n\n## Two\n\n```sh\n# no heading\n```x``` y\n```\n\n## Three\n"
    assert [heading.title for heading in read_markdown(Source(text.encode(), "a.md")).headings] == ["One", "Two", "Three"]


@pytest.mark.parametrize("piece", [b'\n"', b"\\'ff", b"','"])
def test_a_table_of_quotes_takes_no_time(piece):
    started = time.process_time()
    read_csv(Source(piece * 40_000, "a.csv"))
    assert time.process_time() - started < 5
