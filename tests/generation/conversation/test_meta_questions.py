import pytest

from assistant.datatypes import Answer, Turn
from assistant.generation.conversation.meta_questions import MetaAnswerStream, MetaQuestion, detect_meta_question
from assistant.models.fake import FakeChat

TURNS = (Turn("How much is the rent?", "The rent is 900 euros [1]."), Turn("And the deposit?", "2700 euros [1]."))


def tell(question: str, reply: str = "") -> Answer:
    stream = MetaAnswerStream(question, detect_meta_question(question), TURNS, lambda: FakeChat(replies=[reply]), 50)
    text = "".join(stream)
    assert text == stream.answer.text
    return stream.answer


@pytest.mark.parametrize(("question", "expected"), [
    ("What did I ask first?", MetaQuestion("question", 0)), ("What was my last question?", MetaQuestion("question", -1)),
    ("what did I just ask", MetaQuestion("question", -1)), ("What was my second question?", MetaQuestion("question", 1)),
    ("我刚才问了什么？", MetaQuestion("question", -1)), ("我的第一个问题是什么？", MetaQuestion("question", 0)),
    ("我最开始问的是什么？", MetaQuestion("question", 0)),
    ("What did you say?", MetaQuestion("answer", -1)), ("Please repeat that.", MetaQuestion("answer", -1)),
    ("请再说一遍", MetaQuestion("answer", -1)),
    ("Summarise our conversation, please.", MetaQuestion("summary", -1)), ("总结一下我们的对话", MetaQuestion("summary", -1)),
    ("Repeat that in Chinese.", MetaQuestion("rephrase", -1)), ("shorter please", MetaQuestion("rephrase", -1)),
    ("Can you put that in simpler words?", MetaQuestion("rephrase", -1)), ("请用英文再说一遍", MetaQuestion("rephrase", -1)),
    ("简短一点", MetaQuestion("rephrase", -1)),
    ("What questions did I ask so far?", MetaQuestion("questions", -1)), ("我问过哪些问题？", MetaQuestion("questions", -1)),
])
def test_questions_about_the_conversation_are_known(question: str, expected: MetaQuestion) -> None:
    assert detect_meta_question(question) == expected


@pytest.mark.parametrize("question", [
    "What did the landlord ask first?", "What was the first question of the survey?", "Summarise this file.", "总结这份文件",
    "Which questions did the auditors ask?", "What did you need to bring to the meeting?",
    "Who said that in Chinese New Year week?",
    "How do I say goodbye in Chinese according to the handbook?", "会议上问了什么问题？", "客户刚才问了什么？",
    "合同用英文写的部分有哪些？",
    "Is the report in English?", "What is the shorter route?", "Repeat the calibration how often?", "第一个问题的答案在哪里？",
])
def test_questions_about_files_are_not_taken_for_such(question: str) -> None:
    assert detect_meta_question(question) == MetaQuestion()


def test_what_was_asked_is_told_with_its_turn() -> None:
    answer = tell("What did I ask first?")
    assert answer.text == "Your question 1 was: “How much is the rent?” [1]"
    (cited,) = answer.citations
    assert (cited.path, cited.kind, cited.title) == ("turn:1", "turn", "Turn 1 of this conversation")
    assert "900 euros" in cited.quote
    assert answer.hits == ()


def test_all_questions_and_the_whole_conversation_are_told() -> None:
    assert [cited.path for cited in tell("What questions did I ask?").citations] == ["turn:1", "turn:2"]
    summary = tell("总结一下我们的对话").text
    assert summary.startswith("到现在为止的对话：")
    assert "The rent is 900 euros. [1]" in summary
    assert "2700 euros. [2]" in summary


def test_an_answer_is_put_in_other_words_by_the_model() -> None:
    assert tell("Repeat that in Chinese.", "2700 欧元。").text == "2700 欧元。 [1]"


def test_other_words_with_other_numbers_are_not_told() -> None:
    assert tell("Repeat that in Chinese.", "3000 欧元。").text == (
        "That could not be put otherwise without changing it. The answer was: “2700 euros.” [1]"
    )


def test_a_turn_that_never_was_is_said_to_be_none() -> None:
    answer = tell("What was my fourth question?")
    assert (answer.abstained, answer.citations) == (True, ())
