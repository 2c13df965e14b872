import pytest

from assistant.datatypes import Turn
from assistant.generation.conversation.entities import FollowUpKind, Rewriting
from assistant.generation.conversation.follow_ups import is_faithful, rewrite_with_model
from assistant.models.fake import FakeChat

TURN = Turn("What does a single room in Hangzhou cost a manager?", "540 yuan [1].")
BY_RULE = Rewriting(("rules' own", "second reading"), FollowUpKind.ELLIPSIS, confident=False)


def test_a_models_question_comes_before_the_rules() -> None:
    said = "What does a single room in Beijing cost a manager?"
    rewriting = rewrite_with_model(FakeChat(replies=[f"{said}\nIt costs 700."]), "And Beijing?", TURN, BY_RULE, 5)
    assert rewriting == Rewriting((said, "rules' own"), FollowUpKind.ELLIPSIS, confident=True)


@pytest.mark.parametrize("said", [
    "", "What does a single room in Hangzhou cost a manager?", "What does a single room cost a manager?",
    "What does a room in Beijing cost in 2019?", "北京的单人间多少钱？",
    "Beijing hotels charge guests extra for breakfast at weekends.",
    "What does a single room in Beijing cost a manager? " * 3,
])
def test_what_the_model_changes_or_makes_up_is_not_searched_for(said: str) -> None:
    assert not is_faithful(said, "And Beijing?", TURN)
    assert rewrite_with_model(FakeChat(replies=[said or " "]), "And Beijing?", TURN, BY_RULE, 5) == BY_RULE


def test_chinese_keeps_the_characters_of_the_question() -> None:
    turn = Turn("部门经理到杭州出差，住宿费标准是每晚多少元？", "540 元 [1]。")
    assert is_faithful("部门经理到北京出差，住宿费标准是每晚多少元？", "那北京呢？", turn)
    assert not is_faithful("部门经理到上海出差，住宿费标准是每晚多少元？", "那北京呢？", turn)


def test_a_model_that_takes_too_long_is_not_waited_for() -> None:
    chat = FakeChat(replies=["What does a single room in Beijing cost a manager?"])
    assert rewrite_with_model(chat, "And Beijing?", TURN, BY_RULE, -1) == BY_RULE


def test_a_model_without_room_is_not_asked() -> None:
    assert rewrite_with_model(FakeChat(context_tokens=20), "And Beijing?", TURN, BY_RULE, 5) == BY_RULE
