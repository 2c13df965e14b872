from __future__ import annotations

import base64
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.email import message as email_message
from assistant.ingest.extractors.email.message import open_emlx, open_mail, open_mbox, read_emlx, read_mail, read_mbox, read_mhtml

PLAIN = (
    b"From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nSubject: Lunch\r\n"
    b"Date: Mon, 5 Feb 2024 10:00:00 +0000\r\n\r\nAt noon?\r\n"
)


def read(data: bytes):
    return read_mail(Source(data, "a.eml"))


def members(data: bytes):
    return [(member.name, member.data) for member in open_mail(Source(data, "a.eml"))]


def letter(subject: str = "Offer", text: str = "See below.") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "Ann <ann@example.org>", "bob@example.org"
    message.set_content(text)
    return message


def test_a_plain_message():
    found = read(PLAIN)
    assert found.text == (
        "Lunch\n\nFrom: Ann <ann@example.org>\nTo: bob@example.org\nDate: Mon, 5 Feb 2024 10:00:00 +0000\n\nAt noon?"
    )
    assert found.title == "Lunch" and [(heading.level, heading.title) for heading in found.headings] == [(1, "Lunch")]


def test_plain_text_is_preferred_to_html():
    message = letter(text="The plain form of the offer.")
    message.add_alternative("<p>The <b>rich</b> form</p>", subtype="html")
    assert read(bytes(message)).text.endswith("The plain form of the offer.")


def test_html_is_read_where_the_plain_form_is_none():
    message = letter(text="Please use a program that shows HTML.")
    message.add_alternative(f"<h2>Offer</h2><p>{'Ten chairs. ' * 40}</p>", subtype="html")
    found = read(bytes(message))
    assert "Ten chairs." in found.text and "Please use" not in found.text
    assert (2, "Offer") in [(heading.level, heading.title) for heading in found.headings]


def test_tables_of_html_messages_are_tables():
    message = EmailMessage()
    message["Subject"] = "Prices"
    message.set_content("<table><tr><th>Thing</th><th>Price</th></tr><tr><td>Chair</td><td>10</td></tr></table>", subtype="html")
    assert read(bytes(message)).tables[0].header == "Thing | Price"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("=?utf-8?B?5Lya6K6u?=", "会议"),
        ("=?gb2312?B?" + base64.b64encode("会议纪要".encode("gbk")[:3]).decode() + "?=\r\n =?gb2312?B?"
         + base64.b64encode("会议纪要".encode("gbk")[3:]).decode() + "?=", "会议纪要"),
        ("=?iso-8859-1?Q?Gr=FC=DFe?= aus K=?x?", "Grüße aus K=?x?"),
        ("=?no-such?Q?Gr=FC=DFe?=", "Grüße"),
        ("two\r\n lines", "two lines"),
        ("=?utf-8?Q?a?= \\U99999999 b", "a \\U99999999 b"),
        ("=?utf-8?q?Pfad=5Cu?= C:\\users\\next 会", "Pfad\\u C:\\users\\next 会"),
    ],
)  # fmt: skip
def test_encoded_subjects(subject, expected):
    assert read(f"Subject: {subject}\r\n\r\ntext".encode()).title == expected


def test_raw_bytes_in_headers_and_wrong_character_sets():
    data = "Subject: Grüße aus Köln\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSchöne Grüße\r\n".encode("cp1252")
    found = read(data)
    assert found.title == "Grüße aus Köln" and found.text.endswith("Schöne Grüße")


def test_wrapped_lines_are_joined_again():
    data = b"Subject: a\r\nContent-Type: text/plain; format=flowed\r\n\r\nOne sentence \r\nin two lines.\r\nNext.\r\n"
    assert read(data).text.endswith("One sentence in two lines.\nNext.")


def test_the_mark_of_a_signature_stays_a_line_of_its_own_in_flowed_text():
    data = b"Subject: a\nContent-Type: text/plain; format=flowed\n\nKind \nregards, \n-- \nAnn \nLee\n"
    assert read(data).text.endswith("Kind regards, \n-- \nAnn Lee")


def test_a_byte_order_mark_before_the_header_is_ignored():
    assert read(b"\xef\xbb\xbf" + PLAIN).text == read(PLAIN).text
    assert read_mbox(Source(b"\xef\xbb\xbf" + MBOX, "a.mbox")).text == read_mbox(Source(MBOX, "a.mbox")).text


def test_attachments():
    message = letter()
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="预算.pdf")
    message.add_attachment(b"%PDF2", maintype="application", subtype="pdf", filename="../../预算.pdf")
    message.add_attachment("notes", filename="notes.txt")
    message.add_attachment(b"gif", maintype="image", subtype="gif", disposition="inline")
    message.add_attachment(b"png", maintype="image", subtype="png", filename="plan.png")
    message.add_attachment(letter("Re: old/new", "inside"))
    found = members(bytes(message))
    assert [name for name, _ in found] == ["预算.pdf", ".._.._预算.pdf", "notes.txt", "plan.png", "Re: old_new.eml"]
    assert found[0][1] == b"%PDF" and found[2][1].strip() == b"notes"
    assert read(found[-1][1]).title == "Re: old/new"
    assert read(bytes(message)).text.endswith("See below.")


def test_attachments_of_the_same_name_are_told_apart():
    message = letter()
    for content in (b"1", b"2"):
        message.add_attachment(content, maintype="application", subtype="pdf", filename="a.pdf")
    assert members(bytes(message)) == [("a.pdf", b"1"), ("a (2).pdf", b"2")]


ENCRYPTED = [
    b"Subject: s\r\nContent-Type: multipart/encrypted; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: application/octet-stream\r\n\r\nxx\r\n--b--",
    b"Subject: s\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n\r\nxx",
    b"Subject: s\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nxx\r\n-----END PGP MESSAGE-----\r\n",
]


@pytest.mark.parametrize("data", ENCRYPTED)
def test_of_encrypted_messages_the_header_is_read(data):
    found = read(data)
    assert found.text == "s" and found.notes == ("the message is encrypted: only its header was read",)
    assert members(data) == []


def test_what_is_no_message():
    with pytest.raises(UnreadableFile, match="no e-mail message"):
        read(b"just some text\n\nand more")


MBOX = (
    b"From ann@example.org Mon Feb  5 10:00:00 2024\n" + PLAIN.replace(b"\r\n", b"\n")
    + b"\n>From here on it is quoted.\n\nFrom now on, no new message.\n\n"
    + b"From bob Mon Feb  5 11:00:00 2024\nSubject: Re: Lunch\n"
    + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nYes.\n--b\n"
    + b"Content-Disposition: attachment; filename=m.pdf\n\n%PDF\n--b--\n"
)  # fmt: skip


def test_messages_of_a_mailbox_are_parts():
    found = read_mbox(Source(MBOX, "a.mbox"))
    assert [(part.message, found.text[part.char_start :].split("\n")[0]) for part in found.parts] == [
        (1, "Lunch"),
        (2, "Re: Lunch"),
    ]
    assert [heading.title for heading in found.headings] == ["Lunch", "Re: Lunch"]
    assert "\nFrom here on" in found.text and "From now on, no new message." in found.text
    assert found.title == ""
    assert [member.name for member in open_mbox(Source(MBOX, "a.mbox"))] == ["message 2/m.pdf"]


def test_the_root_of_related_parts_is_the_one_that_is_named():
    head = b"From: a@b\nContent-Type: multipart/related; boundary=B; start=%b\n\n"
    parts = b"--B\nContent-Type: image/png\nContent-ID: <p>\n\nx\n"
    parts += b"--B\nContent-Type: text/html\nContent-ID: <m>\n\n<p>Hi</p>\n--B--\n"
    assert read(head % b'"<m>"' + parts).text.endswith("\n\nHi")
    assert read(head % b'"<p>"' + parts).text.endswith("From: a@b")


@pytest.mark.parametrize("line", ["we are in room 4.", "Note: room 4.", "no: 1\n\nSubject: none"])
def test_a_line_of_a_message_that_only_looks_like_the_next_one_is_kept(line):
    data = MBOX.replace(b"From now on, no new message.", f"From 10:30 to 11:00\n{line}".encode())
    found = read_mbox(Source(data, "a.mbox"))
    assert f"From 10:30 to 11:00\n{line}" in found.text
    assert [part.message for part in found.parts] == [1, 2]


def test_what_is_no_mailbox():
    with pytest.raises(UnreadableFile, match="no mailbox"):
        read_mbox(Source(b"text", "a.mbox"))
    with pytest.raises(SkippedFile, match="empty"):
        read_mbox(Source(b"\n", "a.mbox"))


def test_a_message_of_apple_mail():
    data = str(len(PLAIN)).encode() + b"      \n" + PLAIN + b'<?xml version="1.0"?><plist/>'
    assert read_emlx(Source(data, "1.emlx")).text == read(PLAIN).text
    assert list(open_emlx(Source(data, "1.emlx"))) == []
    with pytest.raises(UnreadableFile, match="Apple Mail"):
        read_emlx(Source(PLAIN, "1.emlx"))


def test_a_saved_page():
    page = "<title>Möbel</title><h1>Stühle</h1><p>zehn</p>"
    data = (
        "From: <Saved by Blink>\r\nSubject: x\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: text/css\r\n\r\np{}\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(page.encode()).decode() + "\r\n--b--\r\n"
    )
    found = read_mhtml(Source(data.encode(), "a.mhtml"))
    assert (found.title, found.text) == ("Möbel", "Stühle\n\nzehn")
    with pytest.raises(UnreadableFile, match="no page"):
        read_mhtml(Source(PLAIN, "a.mht"))


def test_forms_within_forms_are_rendered_once(monkeypatch):
    rendered = []
    monkeypatch.setattr(email_message, "html_to_text", lambda markup: rendered.append(markup) or "x" * 100)
    email_message._rendered_length.cache_clear()
    body = EmailMessage()
    body.set_content("<p>The page</p>", subtype="html")
    for _ in range(20):
        outer = MIMEMultipart("alternative")
        outer.attach(MIMEText("short"))
        outer.attach(body)
        body = outer
    body["Subject"] = "a"
    assert "The page" in read(bytes(body)).text and len(rendered) == 1
    email_message._rendered_length.cache_clear()


def test_a_part_with_a_damaged_character_set_does_not_cost_the_attachments():
    data = (
        b"Subject: x\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain; charset=ut\x94\n\nh\xe4llo\n"
        b'--x\nContent-Type: application/pdf\nContent-Disposition: attachment; filename="a.pdf"\n\n%PDF\n--x--\n'
    )
    assert [member.name for member in open_mail(Source(data, "a.eml"))] == ["a.pdf"]
