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


WORDS_ONLY = "Product | Contains\nWalnut loaf | gluten, nuts\nRice cake | egg, milk"


@pytest.mark.parametrize(("sentence", "expected"), [
    ("The walnut loaf contains gluten and nuts.", "full"),
    ("The rice cake contains egg and milk.", "full"),
    ("The walnut loaf contains egg and milk.", "partial"),
    ("The rice cake contains gluten, nuts.", "partial"),
])
def test_the_first_row_of_a_table_of_words_may_be_its_header(sentence: str, expected: str) -> None:
    assert support(sentence, WORDS_ONLY) == expected


STAFF = "Name,Role,Start year,Hours per week\nPriya Nair,Shop manager,2017,38\nLukas Brandt,Head baker,2012,42"


@pytest.mark.parametrize(("sentence", "expected"), [
    ("Priya Nair works 38 hours per week.", "full"),
    ("The salary of Priya Nair is 38 pounds per week.", "none"),
    ("Lukas Brandt began in 2012.", "full"),
])
def test_a_column_that_counts_hours_holds_no_pounds(sentence: str, expected: str) -> None:
    assert support(sentence, STAFF) == expected


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


@pytest.mark.parametrize(("sentence", "source"), [
    ("The dealer sold the shop to the baker.", "The baker sold the shop to the dealer."),
    ("Tessel acquired Brandmere in 2020.", "Tessel was acquired by Brandmere in 2020."),
    ("The lid must be removed before the pump is stopped.", "The pump must be stopped before the lid is removed."),
    ("茶商把店铺卖给了面包师。", "面包师把店铺卖给了茶商。"),
    ("The board approved the loan.", "The board approved the budget and postponed the loan."),
    ("理事会批准了贷款。", "理事会批准了预算，推迟了贷款。"),
])
def test_exchanged_roles_are_not_full(sentence: str, source: str) -> None:
    assert support(sentence, source) != "full"


@pytest.mark.parametrize(("sentence", "source"), [
    ("The shop was sold to the dealer by the baker.", "The baker sold the shop to the dealer."),
    ("Brandmere acquired Tessel in 2020.", "Tessel was acquired by Brandmere in 2020."),
    ("The bridge was built by the engineer in 1871.", "In 1871 the engineer built the bridge."),
    ("At high water the depth is read at the gauge.", "The gauge reads the depth at high water."),
    ("默认密码印在标签上。", "标签上印有默认密码。"),
])
def test_another_order_of_the_same_roles_is_full(sentence: str, source: str) -> None:
    assert support(sentence, source) == "full"


@pytest.mark.parametrize(("sentence", "source"), [
    ("Anna teaches physics.", "Anna teaches chemistry and runs the club. Paul teaches physics."),
    ("All staff may enter the vault.", "All staff receive a badge. Only managers may enter the vault."),
    ("全体员工可以进入金库。", "全体员工均发放工牌。只有经理可以进入金库。"),
    ("承租人负责投保房屋。", "承租人交押金。出租人负责投保房屋。"),
    ("Children under six have to pay.", "Children under six swim free of charge, and pupils pay half."),
    ("1号线终点站在河西。", "10号线一期终点站在河西。"),
    ("Ascendo services the lift in block A.",
     "The lift in block A is serviced by Kone. The lift in block B is serviced by Ascendo."),
    ("Most rooms have a balcony.", "Few rooms have a balcony. All have a desk."),
    ("买方支付中介费。", "公证费由买方支付，中介费由卖方支付。"),
    ("Vitamin C was 40 mg/l.", "Test | Result | Range\nVitamin C | 34 mg/l | 5 to 40\nIron | 12 µmol/l | 10 to 30"),
    ("The concert was postponed to 10 February.", "The concert on 10 February was postponed to 3 March."),
    ("患者对花生过敏。", "患者对花生不过敏，对鸡蛋过敏。"), ("药片须饭后服用。", "药片须饭前用水送服。"),
])
def test_words_in_the_place_of_others_are_not_full(sentence: str, source: str) -> None:
    assert support(sentence, source) != "full"


@pytest.mark.parametrize(("sentence", "source"), [
    ("The warranty lasts two years.", "The warranty runs for 24 months."),
    ("The motor weighs 0.34 kg.", "The motor weighs 340 g."),
    ("Hot water must never be used.", "Never use hot water."),
    ("There is no charge for children.", "Children swim free of charge."),
    ("The pool does not open on Mondays.", "The pool is closed on Mondays."), ("芬达担任队长。", "芬达接任队长。"),
    ("With E19 you should call service.", "- E17: sensor blocked. Rinse it.\n- E19: fan too slow. Call service."),
    ("The patient is allergic to eggs.", "The patient has no allergy to nuts but is allergic to eggs."),
    ("The lamp cannot be dimmed.", "The lamp is not dimmable."), ("Tickets are still valid.", "Tickets remain valid."),
    ("Vitamin C was 34 mg/l and iron 12 µmol/l.", "Test | Result\nVitamin C | 34 mg/l\nIron | 12 µmol/l"),
])
def test_paraphrases_are_full(sentence: str, source: str) -> None:
    assert support(sentence, source) == "full"


@pytest.mark.parametrize(("sentence", "source"), [
    ("The motor draws 750 A.", "The motor draws 750 mA."), ("The flow is 35 l/h.", "The flow is 35 l/min."),
    ("电流为750安。", "电流为750毫安。"), ("Release 3.1 has a new menu.", "Release 3.10 has a new menu."),
    ("The meadow has 38 g of nitrogen.", "Field | Nitrogen (kg/ha)\nThe meadow | 38\nThe acre | 51"),
])
def test_other_units_and_versions_are_not_full(sentence: str, source: str) -> None:
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


MINUTES = ("# Minutes of the garden club\n\nPresent: Anna Berg (treasurer), Tom Hill (chair), Lea Voss.\n\n"
           "Tom Hill spoke of the hedge, the gate and the pond.")


@pytest.mark.parametrize(("sentence", "expected"), [
    ("Anna Berg is the treasurer of the garden club.", "full"),
    ("Anna Berg is the treasurer of the hedge.", "none"),
    ("Anna Berg is the chair of the garden club.", "none"),
    ("Tom Hill spoke of the garden club.", "partial"),
])
def test_a_claim_may_end_with_what_the_text_is_about(sentence: str, expected: str) -> None:
    assert support(sentence, MINUTES) == expected


ROTA = "Date | Ward | Doctor on duty | Phone\n2025-10-01 | Ward A | Gu | 8013\n2025-10-02 | Ward B | Mai | 8027"
ROTA_ZH = "日期 | 科室 | 值班医生 | 值班电话\n2025-10-01 | 内科 | 顾承平 | 8013\n2025-10-02 | 外科 | 麦晓彤 | 8027"


@pytest.mark.parametrize(("sentence", "rows", "is_right"), [
    ("Mai is on duty in Ward B on 2 October.", ROTA, True),
    ("Mai is on duty in Ward B on 2 October 2025.", ROTA, True),
    ("Mai is on duty in Ward B on 3 October.", ROTA, False),
    ("麦晓彤于10月2日在外科值班。", ROTA_ZH, True),
    ("麦晓彤于10月1日在外科值班。", ROTA_ZH, False),
])
def test_a_date_in_a_row_may_be_named_without_its_year(sentence: str, rows: str, is_right: bool) -> None:
    assert (support(sentence, rows) == "full") is is_right


GROWTH = "Sales of the Leeds branch rose from 1.2 million pounds in 2022 to 1.5 million pounds in 2023."
LEVELS = "On 3 May the level was 2.1 m, on 5 May it was 2.4 m."
GROWTH_ZH = "2019年销售额为120万元，2020年销售额为150万元。"
BRIDGE = "The bridge, 12 metres wide, was built in 1903 and widened by 3 metres in 1951."


@pytest.mark.parametrize(("sentence", "source", "is_right"), [
    ("Sales of the Leeds branch were 1.5 million pounds in 2022.", GROWTH, False),
    ("Sales of the Leeds branch were 1.5 million pounds in 2023.", GROWTH, True),
    ("In 2022 sales of the Leeds branch were 1.2 million pounds.", GROWTH, True),
    ("By 2023 sales of the Leeds branch rose from 1.2 million pounds to 1.5 million pounds.", GROWTH, True),
    ("On 5 May the level was 2.1 m.", LEVELS, False),
    ("On 5 May the level was 2.4 m.", LEVELS, True),
    ("2020年的销售额为120万元。", GROWTH_ZH, False),
    ("销售额从2019年的120万元增至2020年的150万元。", GROWTH_ZH, True),
    ("The bridge built in 1903 was widened by 3 metres.", BRIDGE, True),
])
def test_a_value_belongs_to_the_date_beside_it(sentence: str, source: str, is_right: bool) -> None:
    assert (support(sentence, source) == "full") is is_right
