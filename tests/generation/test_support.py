import pytest

from assistant.datatypes import Chunk, Location
from assistant.generation.support import Attribution, attribute, judge_support
from assistant.text.facts import parse_chunk, parse_claim


def passage(text: str, context: str = "") -> Chunk:
    return Chunk(text, Location(1, 1, 0, len(text)), context)


def support(sentence: str, *passages: str, question: str = "") -> str:
    return judge_support(parse_claim(sentence, question), [parse_chunk(passage(text)) for text in passages]).support


LEASE = "The rent is 900 euros a month, due on the 3rd. The deposit is 2,700 euros. Notice must be given 90 days before."
ROWS = "E-031,2024-04-02,Pinner Haulage of Leeds,transport,940.00\nE-032,2024-04-09,Trueline Metrology,calibration,1510.00"


@pytest.mark.parametrize(("sentence", "expected"), [
    ("The rent is 900 euros a month.", "full"),
    ("The monthly rent is 900 euros.", "full"),
    ("The rent is 1,400 euros a month.", "none"),
    ("The rent is 2,700 euros a month.", "partial"),
    ("The notice is 90 days.", "full"),
    ("Bananas grow in Ecuador.", "none"),
    ("The rent is 900 euros and goes to Ms Petra Holm, a dentist from Bremen, by cheque.", "partial"),
])
def test_facts_must_stand_near_their_words(sentence: str, expected: str) -> None:
    assert support(sentence, LEASE) == expected


def test_a_number_belongs_to_its_row() -> None:
    assert support("Trueline Metrology was paid 1,510.00 for calibration.", ROWS) == "full"
    assert support("Trueline Metrology was paid 940.00 for calibration.", ROWS) == "partial"


def test_a_short_answer_is_read_with_its_question() -> None:
    assert support("900 euros.", LEASE, question="How much is the rent?") == "full"
    assert support("2,700 euros.", LEASE, question="How much rent is due a month?") == "partial"


def test_chinese_sentences_are_compared_by_pairs_of_characters() -> None:
    text = "逾期交货的违约金为合同总价的千分之三。保修期为二十四个月，自验收之日起算。"
    assert support("保修期自验收之日起为24个月。", text) == "full"
    assert support("保修期自验收之日起为36个月。", text) == "none"
    assert support("香蕉生长在厄瓜多尔。", text) == "none"


@pytest.mark.parametrize(("sentence", "expected"), [
    ("租金为每月900欧元。", "full"), ("租金为每月800欧元。", "none"), ("租金按月支付。", "partial"),
])
def test_of_another_language_only_facts_can_tell(sentence: str, expected: str) -> None:
    assert support(sentence, LEASE) == expected


def test_what_stands_above_a_passage_belongs_to_it() -> None:
    chunk = passage("The rent is 900 euros.", "Lease of 12 Hill Road")
    assert judge_support(parse_claim("The rent of 12 Hill Road is 900 euros.", ""), [parse_chunk(chunk)]).support == "full"


def test_two_passages_can_bear_a_sentence_out_together() -> None:
    sources = [parse_chunk(passage(text)) for text in ("The rent is 900 euros.", "Cats are fine.", "The landlord is Petra Holm.")]
    claim = parse_claim("The rent is 900 euros, and the landlord is Petra Holm.", "")
    assert attribute(claim, (1,), sources) == Attribution((1, 3), "full")


def test_a_number_that_bears_out_a_part_gives_way_to_one_that_bears_out_all() -> None:
    sources = [parse_chunk(passage(text)) for text in ("The rent is paid monthly.", "The rent is 900 euros, paid monthly.")]
    assert attribute(parse_claim("The rent is 900 euros, paid monthly.", ""), (1,), sources) == Attribution((2,), "full")


PUMPS = "Pump | Inspection due | Inspector\nP-11 | 2025-03-04 | Moreau\nP-12 | 2025-11-30 | Okafor"


@pytest.mark.parametrize(("sentence", "source"), [
    ("The inspection of pump P-11 is due on 4 March 2025.", PUMPS), ("充电需要两小时。", "充電需要兩小時。"),
    ("The hall closes at 10 pm.", "The hall closes at 22:00."),
])
def test_values_written_otherwise_are_supported(sentence: str, source: str) -> None:
    assert support(sentence, source) == "full"


@pytest.mark.parametrize(("sentence", "source"), [
    ("Dogs are allowed in the hall.", "Dogs are not allowed in the hall."), ("PPR-908 ends in 2028.", "PPR-9087 ends in 2028."),
    ("The inspection of pump P-11 is due on 2025-11-30.", PUMPS), ("Six dollars.", "门票六元。"),
    ("The deductible for water damage is 2,000 dollars.", "The deductible for fire damage is 2,000 dollars."),
    ("Take 400 g.", "Take 400 mg."), ("Sam was elected chair.", "Vera Klein was elected chair and Sam Otway treasurer."),
])
def test_contradictions_are_not_full(sentence: str, source: str) -> None:
    assert support(sentence, source) != "full"


@pytest.mark.parametrize(("true", "year", "other"), [
    ("The British East India Company was established in 1599 and was chartered by Queen Elizabeth in the following year.",
     "1599", " A second office followed in 1767."),
    ("OPEC soon lost its preeminent position, and in 1981 its production was surpassed by that of other countries.",
     "1981", " Prices had doubled in 1979."),
])
def test_a_year_of_the_next_sentence_is_not_full(true: str, year: str, other: str) -> None:
    wrong = true.replace(year, other.strip(" .")[-4:])
    assert (support(true, true + other), support(wrong, true + other)) == ("full", "partial")
