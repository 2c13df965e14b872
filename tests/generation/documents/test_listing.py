import pytest
from builders import file_with

from assistant.generation.documents.listing import ItemKind, find_matches, parse_item_kinds


def items(text: str, wanted: ItemKind, context: str = "") -> list[str]:
    hits = file_with(text, context=context).passages
    return [item for hit in hits for found in find_matches(hit, wanted) for item in found.items]


@pytest.mark.parametrize(("words", "wanted"), [
    ("deadlines", (ItemKind.DEADLINE,)), ("due dates", (ItemKind.DEADLINE,)),
    ("dates and amounts", (ItemKind.DATE, ItemKind.AMOUNT)),
    ("截止日期", (ItemKind.DEADLINE,)), ("日期", (ItemKind.DATE,)), ("金额和电话", (ItemKind.AMOUNT, ItemKind.PHONE)),
    ("contact details", (ItemKind.EMAIL, ItemKind.PHONE)), ("kings of France", ()), ("deadlines of the kings", ()),
])
def test_what_the_rules_can_list(words: str, wanted: tuple[ItemKind, ...]) -> None:
    assert parse_item_kinds(words) == wanted


@pytest.mark.parametrize(("text", "found"), [
    ("It begins on 9 January 2023.", ["9 January 2023"]),
    ("Paid March 3rd, 2024 and 2024-04-05.", ["March 3rd, 2024", "2024-04-05"]),
    ("签订日期：2024年4月8日，次年三月一日到期。", ["2024年4月8日", "三月一日"]),
    ("From 476年2月 until Q4 2027, or the end of May 2028.", ["476年2月", "Q4 2027", "end of May 2028"]),
    ("The move is on 20 and 21 April.", ["20 and 21 April"]),
    ("Chapter 12 has 3.5 pages and version 1.2.3.4.", []),
])
def test_dates(text: str, found: list[str]) -> None:
    assert items(text, ItemKind.DATE) == found


@pytest.mark.parametrize(("text", "found"), [
    ("The fee is 2,150 pounds a month and €3.5 million later.", ["2,150 pounds", "€3.5 million"]),
    ("合同总价为人民币陆拾叁万元整（630,000 元），另付3.5万元。", ["陆拾叁万元整", "630,000 元", "3.5万元"]),
    ("There are 42 workstations.", []),
    ("He paid five hundred pounds, then 一百二十万元.", ["five hundred pounds", "一百二十万元"]),
])
def test_amounts(text: str, found: list[str]) -> None:
    assert items(text, ItemKind.AMOUNT) == found


def test_amounts_of_a_column_whose_name_says_so() -> None:
    table = "| Item | Pounds | Kilos |\n| --- | --- | --- |\n| Movers | 3,200 | 50 |\n"
    assert items(table, ItemKind.AMOUNT) == ["3,200"]
    assert items("Movers,3200,50\n", ItemKind.AMOUNT, context="item,price,weight") == ["3200"]


def test_deadlines_of_a_column_whose_name_says_so() -> None:
    (found,) = find_matches(file_with("| What | Until |\n| --- | --- |\n| Report | 22 March |\n").passages[0], ItemKind.DEADLINE)
    assert (found.items, found.clear) == (("22 March",), True)


@pytest.mark.parametrize(("text", "found", "clear"), [
    ("Oskar sends it by 22 March.", ("22 March",), True),
    ("Invoices are payable within 30 days.", ("30 days",), True),
    ("甲方应在收货后 7 个工作日内完成验收。", ("7 个工作日",), True),
    ("报告应在6月底前提交。", ("6月",), True),
    ("Pay within thirty (30) days, and in any case by May.", ("May", "thirty (30) days"), True),
    ("乙方应在四周内付款。", ("四周",), True),
    ("Approved were the minutes of 15 February.", ("15 February",), False),
])
def test_deadlines_by_their_wording(text: str, found: tuple[str, ...], clear: bool) -> None:
    (only,) = find_matches(file_with(text).passages[0], ItemKind.DEADLINE)
    assert (only.items, only.clear) == (found, clear)


def test_a_time_span_that_limits_nothing_is_no_deadline() -> None:
    assert items("She worked there two years.", ItemKind.DEADLINE) == []


def test_addresses_and_numbers() -> None:
    text = ("Write to a.b@example.org or call 01632 960 144; see https://example.org/x. 电话 0512-5550-0186，"
            "手机 13812345678。Rate 4 %.")
    assert items(text, ItemKind.EMAIL) == ["a.b@example.org"]
    assert items(text, ItemKind.PHONE) == ["01632 960 144", "0512-5550-0186", "13812345678"]
    assert items(text, ItemKind.PERCENTAGE) == ["4 %"]
    assert items("Order 2024 1234 5678 was sent.", ItemKind.PHONE) == []


@pytest.mark.parametrize(("text", "found"), [
    ("Reports are handed in no later than every second Monday.", ["every second Monday"]),
    ("The rent is due on the first working day of each month.", ["the first working day of each month"]),
    ("The deadline is noon.", ["noon"]),
    ("周报不迟于每周五提交。", ["每周五"]),
    ("The choir meets every Monday.", []),
])
def test_a_deadline_without_a_date_is_listed(text: str, found: list[str]) -> None:
    assert items(text, ItemKind.DEADLINE) == found


def test_a_deadline_without_any_time_is_left_to_the_model() -> None:
    (hit,) = file_with("The deadline is announced by the board.").passages
    assert [match.clear for match in find_matches(hit, ItemKind.DEADLINE)] == [False]
