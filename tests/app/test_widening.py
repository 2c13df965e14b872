"""What the model reads is wider than what the search finds, and its citations are as exact."""

from dataclasses import replace
from pathlib import Path

from assistant import Assistant, Settings
from assistant.models.fake import FakeChat

TEXT = (
    "The lease of the garden house runs for two years.\nNotice must be given ninety days before the end.\n"
    "The keys are handed over on the last day.\n"
)


def settings(home: Path, passage_tokens: int) -> Settings:
    return Settings(home=home, chat="fake:", embed="fake:", chunk_tokens=12, context_chunks=1,
                    context_chunk_tokens=passage_tokens, best_first=False)


def asked(folder: Path, passage_tokens: int) -> tuple[str, str]:
    """Return what the model was asked, and what is quoted."""
    file = folder / "lease.txt"
    file.write_text(TEXT, "utf-8")
    with Assistant(settings(folder / "home", passage_tokens)) as assistant:
        assistant.add([file])
        answer = assistant.ask("How many days before the end must notice be given?").answer
        chat = assistant._models.chat
        assert isinstance(chat, FakeChat)
        [citation] = answer.citations
        assert TEXT[citation.location.char_start : citation.location.char_end] == citation.quote
        assert citation.location.line_start == 2
        return chat.asked[-1][-1].content, citation.quote


def test_the_model_reads_what_stands_around_a_passage(tmp_path: Path) -> None:
    prompt, quote = asked(tmp_path, 500)
    assert TEXT.strip() in prompt
    assert quote == "Notice must be given ninety days before the end."


def test_without_room_it_reads_the_passage_alone(tmp_path: Path) -> None:
    prompt, _ = asked(tmp_path, 1)
    assert "keys" not in prompt


def test_the_passages_that_are_shown_have_the_numbers_that_are_cited(tmp_path: Path) -> None:
    (tmp_path / "lease.txt").write_text(TEXT, "utf-8")
    (tmp_path / "other.txt").write_text("Notice is what the board pins up.\n", "utf-8")
    with Assistant(replace(settings(tmp_path / "home", 500), context_chunks=3)) as assistant:
        assistant.add([tmp_path / "lease.txt", tmp_path / "other.txt"])
        answer = assistant.ask("How many days before the end must notice be given?").answer
        for citation in answer.citations:
            shown = answer.hits[citation.number - 1]
            assert (shown.path, citation.quote in shown.chunk.text) == (citation.path, True)
        chat = assistant._models.chat
        assert isinstance(chat, FakeChat)
        for number, hit in enumerate(answer.hits[:2], 1):
            read = f"[{number}] {Path(hit.path).name}\n<passage>\n{hit.chunk.searchable}\n</passage>"
            assert read in chat.asked[-1][-1].content


def test_a_hit_that_stands_in_a_wider_passage_is_not_shown_again(tmp_path: Path) -> None:
    (tmp_path / "lease.txt").write_text(TEXT, "utf-8")
    with Assistant(settings(tmp_path / "home", 500)) as assistant:
        assistant.add([tmp_path / "lease.txt"])
        found = assistant.search("How many days before the end must notice be given?").hits
        answer = assistant.ask("How many days before the end must notice be given?").answer
    assert len(found) > 1
    assert [hit.chunk.text for hit in answer.hits] == [TEXT.strip()]


def test_a_single_passage_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "lease.txt").write_text("Notice must be given ninety days before the end.\n", "utf-8")
    with Assistant(replace(settings(tmp_path / "home", 500), best_first=True)) as assistant:
        assistant.add([tmp_path / "lease.txt"])
        chat = assistant._models.chat
        assert isinstance(chat, FakeChat)
        chat.replies = ["Notice must be given ten days before the end."]
        assistant.ask("How many days before the end must notice be given?").answer.text  # noqa: B018 - it is asked
        assert len(chat.asked) == 1
