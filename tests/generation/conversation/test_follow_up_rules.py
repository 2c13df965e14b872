import pytest

from assistant.datatypes import Citation, Location, Turn
from assistant.generation.conversation.entities import FollowUpKind, Rewriting
from assistant.generation.conversation.follow_ups import rewrite

PLACE = Location(1, 1, 0, 4)


def after(question: str, answer: str = "It is so [1].", searched: str = "") -> tuple[Turn, ...]:
    return (Turn(question, answer, (Citation(1, "/pump.md", "Pump manual", PLACE, "It is so."),), searched),)


@pytest.mark.parametrize(("first", "follow_up", "expected"), [
    ("What was the revenue in 2022?", "And in 2023?", "What was the revenue in 2023?"),
    ("What does error E07 of the HP40 mean?", "and E19?", "What does error E19 of the HP40 mean?"),
    ("What is the notice period of the lease?", "What about the deposit?", "What is the deposit of the lease?"),
    ("What does Priya have to do by 28 March?", "And Oskar?", "What does Oskar have to do by 28 March?"),
    ("How much did the movers cost?", "And the air conditioning?", "How much did the air conditioning cost?"),
    ("What is the fee under the 2023 agreement?", "And under the 2024 one?", "What is the fee under the 2024 agreement?"),
    ("2022年的收入是多少？", "那2023年呢？", "2023年的收入是多少？"),
    ("咖啡机显示F5是什么故障？", "F3呢？", "咖啡机显示F3是什么故障？"),
    ("部门经理到杭州出差，住宿费是多少？", "总经理呢？", "总经理到杭州出差，住宿费是多少？"),
])
def test_an_ellipsis_takes_the_place_of_what_it_exchanges(first: str, follow_up: str, expected: str) -> None:
    rewriting = rewrite(follow_up, after(first))
    assert (rewriting.queries[0], rewriting.kind, rewriting.confident) == (expected, FollowUpKind.ELLIPSIS, True)
    assert all(query in follow_up for query in rewriting.queries[1:])  # beside the reading, at most the fragment alone


def test_where_several_parts_may_be_meant_each_reading_is_searched_for() -> None:
    rewriting = rewrite("那违约金呢？", after("采购合同的交货期是多久？"))
    assert not rewriting.confident
    assert rewriting.queries[0] == "采购合同的违约金是多久？"
    assert all("违约金" in query for query in rewriting.queries)
    assert rewriting.queries[-1] == "违约金"


@pytest.mark.parametrize(("first", "answer", "follow_up", "expected"), [
    ("Who signed the lease?", "It was signed by Hanna Voss [1].", "What is her role?", "What is Hanna Voss's role?"),
    ("When was Ada Byron born?", "In 1815 [1].", "Where did she live?", "Where did Ada Byron live?"),
    ("会议由谁主持？", "由王明主持 [1]。", "他是哪一年出生的？", "王明是哪一年出生的？"),
    ("采购合同的总价是多少元？", "63万元 [1]。", "这份合同的交货期多长？", "采购合同的交货期多长？"),
])
def test_a_pronoun_gives_way_to_what_it_stands_for(first: str, answer: str, follow_up: str, expected: str) -> None:
    rewriting = rewrite(follow_up, after(first, answer))
    assert (rewriting.queries, rewriting.kind) == ((expected,), FollowUpKind.PRONOUN)


def test_a_pronoun_without_a_name_gets_the_topic_beside_it() -> None:
    (query,) = rewrite("When does it end?", after("What is the notice period of the lease?")).queries
    assert query == "When does it end? (notice period lease)"


@pytest.mark.parametrize("question", ["Why?", "how much?", "Tell me more.", "为什么？", "具体呢？"])
def test_a_question_with_nothing_of_its_own_is_about_the_last_one(question: str) -> None:
    first = "押金是多少？" if question[0] > "\u3400" else "How large is the deposit?"
    rewriting = rewrite(question, after(first))
    assert rewriting.kind == FollowUpKind.CONTINUATION
    assert all(first.rstrip("?？") in query for query in rewriting.queries)


@pytest.mark.parametrize("question", [
    "Who signed the lease of Suite 4B in Brackwater?", "What is the refrigerant of the HP40?", "What is descaling?",
    "Is it possible to pay the rent in advance by cheque?", "How long does it take to descale the coffee machine?",
    "Is there a rule that visitors must sign the book at the door?",
    "木禾咖啡机的水箱容量是多大？", "其他费用由哪一方承担，什么时候支付？", "员工应该在几天内提交报销单据？", "什么是背压阀？",
])
def test_another_topic_does_not_drag_the_old_one_along(question: str) -> None:
    first = "采购合同的交货期是多久？" if question[0] > "\u3400" else "What was the revenue in 2022?"
    rewriting = rewrite(question, after(first))
    assert (rewriting.queries, rewriting.kind) == ((question,), FollowUpKind.NONE)


def test_the_first_question_stands_alone() -> None:
    assert rewrite("And in 2023?", ()).queries == ("And in 2023?",)


def test_a_chain_goes_on_from_what_was_searched_for() -> None:
    turns = after("And in 2023?", searched="What was the revenue in 2023?")
    assert rewrite("And the profit?", turns).queries == ("What was the profit in 2023?", "profit")


def test_a_chain_goes_on_from_the_first_of_several_readings() -> None:
    turns = after("那违约金呢？", searched="采购合同的违约金是多久？ / 采购合同的交货期是多久 违约金")
    assert rewrite("为什么？", turns).queries == ("采购合同的违约金是多久？为什么？",)


def test_a_turn_about_the_conversation_is_no_topic() -> None:
    told = Turn("What did I ask first?", "Your question 1 was ... [1]", (Citation(1, "turn:1", "Turn 1", PLACE, "", "turn"),))
    assert rewrite("And in 2023?", [*after("What was the revenue in 2022?"), told]).queries == ("What was the revenue in 2023?",)
    assert rewrite("And in 2023?", [told]).queries == ("And in 2023?",)


def test_a_turn_with_few_words_lends_the_title_of_its_source() -> None:
    (query, _) = rewrite("Who pays?", after("Why?")).queries
    assert "Pump manual" in query


LUMEN, FLOW = "How much is a service for the Lumen 5?", "流明5的保养费是多少？"


@pytest.mark.parametrize(("first", "follow_up", "expected"), [
    (LUMEN, "And for the Terra 2?", "How much is a service for the Terra 2?"),
    (LUMEN, "What about Terra 2?", "How much is a service for the Terra 2?"),
    (LUMEN, "and for the terra 2?", "How much is a service for the terra 2?"),
    (LUMEN, "And the 3?", "How much is a service for the Lumen 3?"),
    ("What is the price of the iPhone 14?", "And the Galaxy S23?", "What is the price of the Galaxy S23?"),
    ("How long is the Route 9 trail?", "And Route 11?", "How long is the Route 11 trail?"),
    (FLOW, "那泰拉2呢？", "泰拉2的保养费是多少？"),
])
def test_a_name_that_ends_in_a_number_is_exchanged_whole(first: str, follow_up: str, expected: str) -> None:
    assert rewrite(follow_up, after(first)).queries == (expected,)


@pytest.mark.parametrize(("first", "follow_up", "expected"), [
    (LUMEN, "No, I meant the Lumen 3.", "How much is a service for the Lumen 3?"),
    (LUMEN, "Sorry, the Lumen 3", "How much is a service for the Lumen 3?"),
    (LUMEN, "I meant the Lumen 3, not the Lumen 5.", "How much is a service for the Lumen 3?"),
    (LUMEN, "Not the Lumen 5, the Lumen 3.", "How much is a service for the Lumen 3?"),
    (LUMEN, "No, how long is the warranty of the Terra?", "How long is the warranty of the Terra?"),
    (LUMEN, "Actually, how long does it take?", "How long does it take? (service Lumen 5)"),
    ("When does the ferry sail in 2024?", "No, I meant 2025.", "When does the ferry sail in 2025?"),
    ("What is the deposit for flat 12?", "No, flat 14.", "What is the deposit for flat 14?"),
    (FLOW, "不，我是说流明3。", "流明3的保养费是多少？"),
    (FLOW, "不是流明5，是流明3", "流明3的保养费是多少？"),
])
def test_a_correction_takes_the_place_of_what_was_misunderstood(first: str, follow_up: str, expected: str) -> None:
    assert rewrite(follow_up, after(first)).queries[0] == expected


@pytest.mark.parametrize(("first", "follow_up"), [(LUMEN, "yes"), (LUMEN, "Yes, please."), (LUMEN, "ok"), (FLOW, "是的")])
def test_agreement_asks_the_last_question_again(first: str, follow_up: str) -> None:
    assert rewrite(follow_up, after(first)) == Rewriting((first,), FollowUpKind.CONTINUATION)


def test_agreement_to_an_offer_asks_for_what_was_offered() -> None:
    turns = after(LUMEN, "It costs 120 euros [1]. Would you like to know the price of the Terra 2?")
    assert rewrite("yes please", turns).queries == ("the price of the Terra 2",)


def test_a_fragment_is_also_searched_for_alone() -> None:
    assert rewrite("And the password?", after("What does a ticket cost?")).queries == ("What does a password cost?", "password")


def test_a_greeting_is_no_topic() -> None:
    turns = (*after(LUMEN), Turn("hello", "Ask a question about your files."))
    assert rewrite("And for the Terra 2?", turns).queries == ("How much is a service for the Terra 2?",)
