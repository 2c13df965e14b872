import pytest

from assistant.datatypes import Chunk, Location
from assistant.generation.support import attribute
from assistant.text.facts import parse_chunk, parse_claim


def support(claim: str, text: str, question: str = "", heading: str = "") -> str:
    chunk = Chunk(text, Location(1, 1 + text.count("\n"), 0, len(text), heading=heading or None), heading)
    return attribute(parse_claim(claim, question), (), [parse_chunk(chunk, "contract.docx")]).support


LATE_ZH = "乙方逾期交货的，每逾期一日，应按合同总价的千分之三向甲方支付违约金。"
LATE = "If delivery is late, the seller pays a penalty of 0.3 per cent of the price for each day."


@pytest.mark.parametrize(("claim", "question"), [
    ("甲方逾期付款的违约金是每逾期一日按合同总价的千分之三。", "甲方逾期付款的违约金是多少？"),
    ("每逾期一日，应按合同总价的千分之三支付违约金。", "甲方逾期付款的违约金是多少？"),
])
def test_what_one_party_owes_is_not_said_of_the_other(claim: str, question: str) -> None:
    assert support(claim, LATE_ZH, question) != "full"
    assert support(claim.replace("甲方", "乙方"), LATE_ZH, question.replace("甲方", "乙方").replace("付款", "交货")) == "full"


def test_the_buyer_is_not_the_seller() -> None:
    claim = "The {} pays a penalty of 0.3 per cent of the price for each day."
    assert support(claim.format("buyer"), LATE, "What penalty is due if delivery is late?") != "full"
    assert support(claim.format("seller"), LATE, "What penalty is due if delivery is late?") == "full"


def test_a_party_that_receives_or_is_named_too_contradicts_nothing() -> None:
    both = "The seller pays the transport and the buyer pays the insurance of 40 euros."
    assert support("The buyer pays the insurance of 40 euros.", both, "Who pays the insurance?") == "full"
    assert support("违约金由乙方支付，按合同总价的千分之三。", LATE_ZH, "谁向甲方支付违约金？") == "full"


PENALTY_ZH = "乙方违反本协议的，应向甲方支付违约金人民币二十万元，并赔偿甲方由此遭受的全部损失。"


@pytest.mark.parametrize(("claim", "question", "expected"), [
    ("乙方的顾问费是人民币二十万元。", "乙方的顾问费是多少？", False),
    ("人民币二十万元", "保密协议约定的顾问费是多少？", False),
    ("违约金是人民币二十万元。", "违约金是多少？", True),
    ("人民币二十万元", "违约金是多少？", True),
])
def test_a_penalty_is_no_fee(claim: str, question: str, expected: bool) -> None:
    assert (support(claim, PENALTY_ZH, question) == "full") is expected


@pytest.mark.parametrize(("claim", "text", "expected"), [
    ("The deposit is 4,000 euros.", "The tenant pays a rent of 4,000 euros on the first of each month.", False),
    ("The rent is 4,000 euros.", "The tenant pays a rent of 4,000 euros on the first of each month.", True),
    ("The tenant pays 4,000 euros.", "The tenant pays a rent of 4,000 euros on the first of each month.", True),
])
def test_a_rent_is_no_deposit(claim: str, text: str, expected: bool) -> None:
    assert (support(claim, text, "How much does the tenant pay?") == "full") is expected


def test_a_payment_of_similar_name_is_not_told_apart() -> None:
    assert support("承租人每月支付租金五千元。", "承租人每月支付租赁费五千元。", "租金是多少？") == "full"


def test_a_name_of_the_question_that_opens_an_answer_must_be_in_the_source() -> None:
    text = "If an invoice is not paid, the client pays interest at 4 per cent a year above the base rate of the Bank of England."
    question = "What penalty does Baines pay if an instalment is late?"
    assert support("Baines pays 4 per cent a year above the base rate.", text, question) != "full"
    own = "Baines signed the letter. He pays interest at 4 per cent a year above the base rate of the bank."
    assert support("Baines pays interest at 4 per cent a year above the base rate.", own, question) == "full"


def test_a_word_of_the_heading_may_stand_for_another_of_the_sentence() -> None:
    text = "5. Break\nThe tenant may end this lease by giving at least eight months' written notice to the landlord."
    claim = "The tenant must give at least eight months' written notice to break the lease."
    question = "How much notice must the tenant give to break the lease?"
    assert support(claim, text, question, heading="5. Break") == "full"
    assert support(claim.replace("eight", "six"), text, question, heading="5. Break") != "full"
