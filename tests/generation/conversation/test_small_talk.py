"""Greetings and questions for the list of files get a hint; a question about what stands in files is no small talk."""

# ruff: noqa: E501 - a case is one line

import pytest

from assistant.generation.conversation.small_talk import SmallTalkStream, detect_small_talk


@pytest.mark.parametrize(("question", "talk"), [
    ("hello", "greeting"), ("Hi there!", "greeting"), ("thanks!", "greeting"), ("What can you do?", "greeting"), ("no", "greeting"),
    ("你好", "greeting"), ("谢谢！", "greeting"), ("Guten Tag", "greeting"), ("Bonjour !", "greeting"), ("¡Hola!", "greeting"),
    ("Which files do I have?", "files"), ("what files are there", "files"), ("How many files do I have?", "files"),
    ("list all files", "files"), ("What's in my library?", "files"), ("我有哪些文件？", "files"), ("文件有哪些", "files"),
    ("Good morning, when does the lease end?", ""), ("Which files mention the rent?", ""), ("hello world program", ""),
    ("Which documents do I need for the visa?", ""), ("租金是多少？", ""),
])
def test_what_is_small_talk(question: str, talk: str) -> None:
    assert detect_small_talk(question) == talk


def test_a_greeting_says_what_to_do() -> None:
    answer = SmallTalkStream("hello", "greeting", ["a.md", "b.md"], "fake:").answer
    assert "Ask a question" in answer.text and "There are 2 files" in answer.text
    assert not answer.abstained and not answer.is_unsupported


def test_files_are_named() -> None:
    assert "There is 1 file in your library: a.md." in SmallTalkStream("Which files do I have?", "files", ["a.md"], "fake:").answer.text
    names = [f"{number}.md" for number in range(50)]
    text = SmallTalkStream("我有哪些文件？", "files", names, "fake:").answer.text
    assert "50 个文件：0.md" in text and "19.md …" in text and "20.md" not in text
