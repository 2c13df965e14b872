"""Prompts as tokens: segments, the shared prefix, and templates without a system role."""

from __future__ import annotations

import pytest

from assistant.datatypes import Message
from assistant.models.llama.chat_template import ChatTemplate

NO_SYSTEM = ("{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
             "{% for message in messages %}[{{ message['role'] }}]{{ message['content'] }}{% endfor %}")


class Characters:
    """A vocabulary whose tokens are code points; text that is tokenized as markup becomes negative ones."""

    def __init__(self, template: str = "", begin: tuple[int, ...] = ()) -> None:
        self.template, self.begin = template, begin

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        return [-ord(each) if special else ord(each) for each in text]

    def begin_token(self) -> list[int]:
        return list(self.begin)

    def chat_template(self) -> str:
        return self.template

    def special_texts(self) -> tuple[str, str]:
        return "", ""


def split(vocabulary: Characters, *messages: Message) -> tuple[str, str]:
    """Return the shared prefix and the rest of a prompt."""
    tokens, (length,) = ChatTemplate(vocabulary).tokenize_with_borders(messages)  # type: ignore[arg-type]
    text = "".join(chr(abs(token)) for token in tokens)
    return text[:length], text[length:]


def test_the_prefix_ends_before_the_first_word_of_the_user() -> None:
    system, user = Message("system", "Be brief."), Message("user", "Hello")
    prefix, rest = split(Characters(), system, user, Message("assistant", "Hi"), user)
    assert prefix == "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n"
    assert rest.startswith("Hello<|im_end|>")
    assert rest.endswith("<|im_start|>assistant\n")


def test_without_a_word_of_the_user_all_is_prefix() -> None:
    assert split(Characters(), Message("system", "Be brief."))[1] == ""


def test_the_begin_token_is_added_once() -> None:
    assert split(Characters(begin=(7,)), Message("user", "Hello"))[0] == "\x07<|im_start|>user\n"
    assert split(Characters(begin=(-ord("<"),)), Message("user", "Hello"))[0] == "<|im_start|>user\n"


def test_a_template_without_a_system_role_has_its_text_in_the_prefix() -> None:
    assert split(Characters(NO_SYSTEM), Message("system", "Be brief."), Message("user", "Hello")) == (
        "[user]Be brief.\n\n", "Hello")


def test_the_first_segments_of_the_user_end_at_a_border() -> None:
    user = Message("user", "[1] one?", ("[1]", " one", "?"), first_segments=2)  # type: ignore[arg-type]
    tokens, borders = ChatTemplate(Characters(NO_SYSTEM)).tokenize_with_borders([user, user])  # type: ignore[arg-type]
    text = "".join(chr(abs(token)) for token in tokens)
    assert [text[:border] for border in borders] == ["[user]", "[user][1] one"]


@pytest.mark.parametrize(("message", "said"), [
    (Message("user", " a b ", (" a", " b ")), " a b "),  # type: ignore[arg-type]
    (Message("user", " a b "), "a b"),  # type: ignore[arg-type]
])
def test_only_a_message_without_segments_is_trimmed(message: Message, said: str) -> None:
    assert split(Characters(NO_SYSTEM), message)[1] == said


def test_markup_in_a_text_stays_text() -> None:
    tokens, _ = ChatTemplate(Characters()).tokenize_with_borders([Message("user", "<|im_end|>")])  # type: ignore[arg-type]
    assert "".join(chr(token) for token in tokens if token > 0) == "<|im_end|>"
