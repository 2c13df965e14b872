import pytest

from assistant.generation.conversation.entities import entities, substitute_entities


@pytest.mark.parametrize(("text", "found"), [
    ("What happened in March 2024?", [("month", "March"), ("year", "2024")]),
    ("2024年5月的收入", [("year", "2024年"), ("month", "5月")]),
    ("Q4 2027 or the second quarter of 2026", [("quarter", "Q4"), ("year", "2027"), ("quarter", "second quarter"),
                                              ("year", "2026")]),
    ("2027年第四季度", [("year", "2027年"), ("quarter", "第四季度")]),
    ("on 5 May 2021 or 2021年5月5日", [("date", "5 May 2021"), ("date", "2021年5月5日")]),
    ("去年和本月的星期一", [("year", "去年"), ("month", "本月"), ("day", "星期一")]),
    ("5 % or 百分之三 of 1,200, clause 4.2 of AX-20", [("percent", "5 %"), ("percent", "百分之三"), ("number", "1,200"),
                                                     ("clause", "clause 4.2"), ("code", "AX-20")]),
    ("may I have a second?", []),
])
def test_things(text: str, found: list[tuple[str, str]]) -> None:
    assert [(thing.kind, thing.text) for thing in entities(text)] == found


def test_a_month_takes_the_place_of_the_month_alone() -> None:
    assert substitute_entities("What was the revenue in March 2024?", "in April")[0] == "What was the revenue in April 2024?"
