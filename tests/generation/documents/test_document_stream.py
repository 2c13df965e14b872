from pathlib import Path

import pytest
from builders import file_with

from assistant.datatypes import Message, Progress
from assistant.generation.documents import File, NotesCache, WholeDocumentStream, recognize_task
from assistant.generation.documents.cited_lines import one_line
from assistant.models.fake import FakeChat

LEASE = ("The lease ends on 31 December 2027. The notice period is nine months.",
         "The yearly rent is 46500 pounds. The deposit is 15500 pounds.")


def ask(question: str, chat: FakeChat, folder: Path, *files: File) -> WholeDocumentStream:
    task = recognize_task(question)
    assert task is not None
    return WholeDocumentStream(question, task, files, lambda: chat, NotesCache(folder), "fake:")


def test_a_summary_holds_only_what_the_text_bears_out(tmp_path: Path) -> None:
    notes = "- The yearly rent is 46500 pounds.\n- The yearly rent is 50000 pounds.\n- Dragons guard the notice period."
    chat = FakeChat(replies=[notes])
    answer = ask("Summarise this file", chat, tmp_path, file_with(*LEASE)).answer
    assert answer.text == "Summary of a.md:\n- The yearly rent is 46500 pounds [1]."
    (citation,) = answer.citations
    assert citation.quote == "The yearly rent is 46500 pounds."
    assert [hit.chunk_id for hit in answer.hits] == [2]
    assert not answer.abstained


def test_where_no_note_holds_the_text_is_quoted_and_that_is_said(tmp_path: Path) -> None:
    answer = ask("Summarise this file", FakeChat(replies=["I love dragons."]), tmp_path, file_with(*LEASE)).answer
    assert "Quoted instead" in answer.text
    assert all(citation.quote in " ".join(LEASE) for citation in answer.citations)
    assert answer.citations


def test_long_texts_are_read_in_parts_and_what_was_read_is_kept(tmp_path: Path) -> None:
    long = file_with(*(f"Item {number} costs {number}00 pounds in the shop. " + "filler " * 150 for number in range(30)))
    first = FakeChat(replies=["- Item 0 costs 000 pounds in the shop."] + ["- nothing"] * 40)
    seen: list[Progress] = []
    stream = ask("Summarise this file", first, tmp_path, long)
    stream.prepare(seen.append)
    assert len(first.asked) > 3
    assert (seen[-1].done, seen[-1].total) == (seen[-1].total, seen[-1].total)
    again = FakeChat()
    assert ask("Summarise this file", again, tmp_path, long).answer.text == stream.answer.text
    assert again.asked == []


def test_what_was_done_before_a_stop_is_not_done_again(tmp_path: Path) -> None:
    class Stopped(FakeChat):
        def reply(self, messages: tuple[Message, ...], max_tokens: int, candidates=()):  # type: ignore[no-untyped-def, override]
            if len(self.asked) == 2:
                raise KeyboardInterrupt
            return super().reply(messages, max_tokens, candidates)

    long = file_with(*(f"Item {number} costs {number}00 pounds. " + "filler " * 600 for number in range(8)))
    stopped = Stopped()
    with pytest.raises(KeyboardInterrupt):
        ask("Summarise this file", stopped, tmp_path, long).prepare(lambda _: None)
    chat = FakeChat()
    ask("Summarise this file", chat, tmp_path, long).prepare(lambda _: None)
    assert not set(stopped.asked) & set(chat.asked)
    assert chat.asked


def test_clear_wording_is_listed_whatever_the_model_says(tmp_path: Path) -> None:
    chat = FakeChat(replies=["NONE"])
    text = "Pay by 3 May 2024. We met on 1 May 2024."
    answer = ask("List all deadlines in this file", chat, tmp_path, file_with(text)).answer
    assert "- 3 May 2024 — Pay by 3 May 2024 [1]." in answer.text
    assert "1 more places" in answer.text
    assert "1 May 2024" not in answer.text.replace("3 May", "")
    unread = ask("List all deadlines in this file", FakeChat(replies=["who knows"]), tmp_path / "b", file_with(text)).answer
    assert "could not tell" in unread.text
    assert "We met on 1 May 2024" in unread.text


def test_names_are_listed_where_they_stand_in_the_text(tmp_path: Path) -> None:
    chat = FakeChat(replies=["- Anna Berg\n- Karl May\n"])
    answer = ask("List all names in this file", chat, tmp_path, file_with("Anna Berg rents the mill.")).answer
    assert "Anna Berg" in answer.text
    assert "Karl" not in answer.text


def test_nothing_to_list_is_said(tmp_path: Path) -> None:
    answer = ask("列出这份文件里的所有电话号码", FakeChat(), tmp_path, file_with("没有号码。")).answer
    assert answer.abstained
    assert answer.text == "没有找到电话号码。已通读全文：a.md。"


def test_notes_leave_with_their_file_and_keep_to_their_budget(tmp_path: Path) -> None:
    notes = NotesCache(tmp_path, budget=10)
    notes.put("a" * 64, "k", "12345")
    notes.put("b" * 64, "k", "1234")
    assert (notes.get("a" * 64, "k"), notes.get("b" * 64, "k")) == ("12345", "1234")
    notes.put("b" * 64, "l", "1234")
    assert notes.get("a" * 64, "k") == ""
    notes.keep_only(["a" * 64])
    assert notes.get("b" * 64, "l") == ""
    notes.note_pace("model", 4.0)
    assert notes.pace("model") == 4.0


def test_a_number_at_a_sentences_end_is_no_bullet() -> None:
    assert one_line("- Spaces 21 to 27. They are **in the yard**.") == "Spaces 21 to 27. They are in the yard."


@pytest.mark.parametrize("content_hash", ["../../outside", "/etc/passwd", "..", "a/b", ""])
def test_what_is_no_hash_becomes_no_path(tmp_path, content_hash):
    notes = NotesCache(tmp_path / "notes")
    notes.put(content_hash, "key", "text")
    assert notes.get(content_hash, "key") == "text"
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*.txt")] == [Path("notes/unknown/key.txt")]
