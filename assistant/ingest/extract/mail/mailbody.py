"""A parsed e-mail message in; the texts that make up its body out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from functools import lru_cache

from assistant.ingest.extract.mail.mailparts import content, filename
from assistant.ingest.extract.web.web import plain_text

Text = tuple[bool, str]  # whether it is HTML, and the text

PGP = re.compile(r"\s*-----BEGIN PGP MESSAGE-----")
STUB = 300  # characters; plain text this short may only say that the message is in HTML
FULLER = 4  # times as long must the HTML be to be taken instead


def body_of(message: Message) -> list[Text]:
    """Return the texts of a message in order; of the same text in several forms the plain one."""
    return list(_texts(message))


def is_encrypted(message: Message) -> bool:
    """Say whether the text of a message is encrypted (OpenPGP or S/MIME)."""
    kind = message.get_content_type()
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        return "signed" not in str(message.get_param("smime-type", "enveloped-data")).lower()
    if kind == "multipart/encrypted":
        return True
    return kind == "text/plain" and bool(PGP.match(_text(message)))


def _texts(part: Message) -> Iterator[Text]:
    kind = part.get_content_type()
    if kind == "multipart/alternative":
        yield from _best_of([list(_texts(child)) for child in _children(part)])
    elif kind in ("multipart/related", "multipart/signed"):
        for child in _children(part)[:1]:
            yield from _texts(child)
    elif part.get_content_maintype() == "multipart":
        for child in _children(part):
            yield from _texts(child)
    elif kind in ("text/plain", "text/html") and not _is_attached(part):
        yield (kind == "text/html", _text(part))


def _best_of(forms: list[list[Text]]) -> list[Text]:
    plain = [form for form in forms if form and not any(is_html for is_html, _ in form) and _length(form)]
    rich = [form for form in forms if any(is_html and text.strip() for is_html, text in form)]
    if not plain or not rich:
        return (plain + rich + [[]])[0]
    said = _length(plain[0])
    if said < STUB and sum(_rendered_length(text) for _, text in rich[-1]) > FULLER * said:
        return rich[-1]
    return plain[0]


@lru_cache(maxsize=16)  # forms within forms ask for the same again
def _rendered_length(markup: str) -> int:
    return len(plain_text(markup))


def _length(form: list[Text]) -> int:
    return sum(len(text.strip()) for _, text in form)


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(filename(part))


def _text(part: Message) -> str:
    text = content(part)
    if str(part.get_param("format", "")).lower() == "flowed":
        text = _unfold(text, str(part.get_param("delsp", "")).lower() == "yes")
    return text.replace("\r\n", "\n")


def _unfold(text: str, drops_space: bool) -> str:
    """Join the lines of a paragraph that were wrapped when it was sent, as RFC 3676 says."""
    done: list[str] = []
    is_open = False
    for line in text.splitlines():
        is_wrapped = line.endswith(" ") and line != "-- " and not line.startswith(">")
        shown = line.removeprefix(" ")
        shown = shown[:-1] if is_wrapped and drops_space else shown
        if is_open and not line.startswith(">"):
            done[-1] += shown
        else:
            done.append(shown)
        is_open = is_wrapped
    return "\n".join(done)
