import pytest

from assistant.datatypes import Chunk, Hit, Location, Message
from assistant.errors import ContextOverflow
from assistant.generation.prompt import compose, messages, refusal_text
from assistant.models.fake import FakeChat


def hit(number: int, words: int = 100) -> Hit:
    return Hit(number, f"/{number}.txt", f"File {number}", Chunk(f"word{number} " * words, Location(1, 1, 0, 1, page=3)))


def test_passages_are_numbered_and_say_where_they_are_from() -> None:
    prompt = compose(FakeChat(), "What is it?", [hit(1, 1), hit(2, 1)], [], 1000, 100)
    text = prompt.messages[-1].content
    assert text.startswith("[1] 1.txt · p. 3\n<passage>\nword1")
    assert "</passage>\n\n[2] 2.txt · p. 3\n<passage>\nword2" in text
    assert text.endswith("Question: What is it?")


def test_as_many_passages_as_fit_best_first() -> None:
    prompt = compose(FakeChat(), "What?", [hit(number) for number in range(1, 9)], [], 350, 100)
    assert [passage.chunk_id for passage in prompt.passages] == [1, 2, 3]


def test_the_oldest_turns_leave_first() -> None:
    old = [Message("user", "old " * 500), Message("assistant", "older")]
    history = [*old, Message("user", "new"), Message("assistant", "newer")]
    prompt = compose(FakeChat(context_tokens=1000), "What?", [hit(1)], history, 350, 100)
    assert [message.content for message in prompt.messages[2:]] == ["newer", "Question: What?"]
    assert prompt.messages[1].content.startswith("[1] 1.txt") and prompt.messages[1].content.endswith("Question: new")


def test_a_conversation_over_the_same_passages_grows_at_its_end() -> None:
    passages = [hit(1), hit(2)]
    first = compose(FakeChat(), "What?", passages, [], 350, 100)
    said = Message("assistant", "Words.")
    second = compose(FakeChat(), "Why?", passages, [Message("user", "What?"), said], 350, 100)
    assert second.messages == (*first.messages, said, second.messages[-1])
    assert second.messages[-1].content == "Question: Why?"
    assert second.with_request("Is it so?")[-1].content == "Is it so?"


def test_a_question_that_cannot_fit_is_refused_in_a_sentence() -> None:
    with pytest.raises(ContextOverflow, match="too long"):
        compose(FakeChat(), "word " * 5000, [hit(1)], [], 350, 100)


def test_the_system_text_never_changes() -> None:
    first = compose(FakeChat(), "What?", [hit(1)], [], 350, 100)
    second = compose(FakeChat(), "谁？", [hit(2)], [], 350, 100)
    assert first.messages[0] == second.messages[0]


def test_refusals_are_in_the_language_of_the_question() -> None:
    assert refusal_text("违约金是多少？") == "您的文件中没有说明。"
    assert refusal_text("How much?") == "Your files do not say."


def test_the_language_is_named_where_the_passages_have_another() -> None:
    english = Hit(1, "/a.txt", "A", Chunk("The rent of the flat is 900 euros a month.", Location(1, 1, 0, 42)))
    assert messages("租金是多少？", [english], ())[-1].content.endswith("\n\n请用中文回答。\n问题：租金是多少？")
    assert messages("How much is the rent?", [english], ())[-1].content.endswith("Question: How much is the rent?")
