"""Where files disagree: which sentences say otherwise of the same thing, and which do not."""

import pytest

from assistant.datatypes import Chunk, Conflict, Hit, Location
from assistant.generation.conflicts import conflict_text, date_of, find_conflicts, version_of
from assistant.generation.support import cite

DISAGREEING = [
    ("合同总价是多少？", ("合同.md", "合同总价为人民币一亿二千万元。"), ("补充协议.md", "合同总价为人民币1.3亿元。")),
    ("When was the contract signed?",
     ("contract-2023.md", "The contract was signed on 9 January 2023."),
     ("register-2023.md", "The contract was signed on 12 January 2023.")),
    ("How cold may the store be?",
     ("manual-a.md", "The lowest temperature of the cold store is -5 degrees."),
     ("manual-b.md", "The lowest temperature of the cold store is 5 degrees.")),
    ("How much is the monthly fee?",
     ("agreement-2023.md", "4.1 The fee is 2,150 pounds a month."),
     ("agreement-2024.md", "4.1 The fee is 2,890 pounds a month, without VAT.")),
    ("When does the lease end?",
     ("lease.md", "The lease ends on 31 December 2027."),
     ("lease-amendment.md", "The lease ends on 30 June 2029.")),
    ("What is the notice period?",
     ("contract_v1.txt", "The notice period is nine months."),
     ("contract_v2.txt", "The notice period is six months.")),
    ("Who is the project lead?",
     ("kickoff.md", "The project lead is Anna Berg."),
     ("status.md", "The project lead is Karl Holm.")),
    ("Are pets allowed?",
     ("rules-old.md", "Pets are allowed in all flats."),
     ("rules-new.md", "Pets are not allowed in all flats.")),
    ("How large is the deposit?",
     ("offer.md", "The deposit is 15,500 pounds."),
     ("invoice.md", "The deposit is 12,000 pounds.")),
    ("How long are backups kept?",
     ("backup-policy-2022.md", "Northfold keeps each nightly backup for 30 days."),
     ("backup-policy-2024.md", "Northfold keeps each nightly backup for 90 days.")),
    ("What is the wifi password rotation interval?",
     ("a.md", "The wifi password rotation interval is 30 days."),
     ("b.md", "The wifi password rotation interval is 60 days.")),
    ("What is the phone number of the service desk?",
     ("contacts-2021.txt", "The telephone number of the service desk is 01632 960144."),
     ("contacts-2023.txt", "The telephone number of the service desk is 01632 960188.")),
    ("When is the office open?",
     ("handbook.md", "The office is open from 08:00 to 18:00 on working days."),
     ("notice.md", "The office is open from 09:00 to 18:00 on working days.")),
    ("What is the budget of the summer party?",
     ("minutes-march.md", "The budget of the summer party is 1,800 pounds."),
     ("minutes-may.md", "The budget of the summer party is 2,400 pounds.")),
    ("What interest is due on late payment?",
     ("terms1.md", "Interest on late payment is 4 % a year."),
     ("terms2.md", "Interest on late payment is 6 % a year.")),
    ("How many vacation days do employees have?",
     ("handbook-2022.md", "Every employee has 25 vacation days a year."),
     ("handbook-2024.md", "Every employee has 28 vacation days a year.")),
    ("What is the torque of the water connection?",
     ("manual-a.md", "The tightening torque of the water connection is 35 Nm."),
     ("manual-b.md", "The tightening torque of the water connection is 40 Nm.")),
    ("Who is the landlord?",
     ("lease1.md", "The landlord is Harrow Estates."),
     ("lease2.md", "The landlord is Melbury Holdings.")),
    ("逾期交货的违约金是多少？",
     ("合同2023.md", "乙方逾期交货的，每逾期一日，应按该批货款的千分之三支付违约金。"),
     ("合同2024.md", "乙方逾期交货的，每逾期一日，应按该批货款的千分之五支付违约金。")),
    ("保密期是几年？", ("协议v1.md", "保密期自合同终止之日起3年。"), ("协议v2.md", "保密期自合同终止之日起5年。")),
    ("合同总价是多少？", ("合同.md", "合同总价为人民币630,000元。"), ("补充协议.md", "合同总价为人民币680,000元。")),
    ("项目负责人是谁？", ("会议纪要.md", "项目负责人是王芳。"), ("周报.md", "项目负责人是李雷。")),
    ("第一批货物什么时候交付？",
     ("合同旧.md", "第一批货物于2024年5月20日前交付。"), ("合同新.md", "第一批货物于2024年6月10日前交付。")),
    ("住宿标准是多少？",
     ("差旅制度2022.md", "一线城市住宿标准为每晚450元。"), ("差旅制度2024.md", "一线城市住宿标准为每晚550元。")),
    ("可以带宠物吗？", ("规定.md", "员工可以带宠物进入办公室。"), ("新规定.md", "员工不可以带宠物进入办公室。")),
    ("客服电话是多少？", ("说明书.txt", "客服电话：400-555-0163"), ("通知.txt", "客服电话：400-555-0199")),
    ("验收期限是多少天？",
     ("甲.md", "甲方应在收货后7个工作日内完成验收。"), ("乙.md", "甲方应在收货后十个工作日内完成验收。")),
    ("What is the room number of the meeting?",
     ("invite.eml", "The meeting takes place in room 204."),
     ("update.eml", "The meeting takes place in room 310.")),
    ("When was the contract signed?",
     ("scan.md", "The contract was signed on 9 January 2023."),
     ("register.md", "The contract was signed on 12 January 2023.")),
    ("How many parking spaces does the building have?",
     ("survey.md", "The building has 40 parking spaces."),
     ("plan.md", "The building has 55 parking spaces.")),
    ("What is the warranty period of the compressor?",
     ("manual-2021.pdf", "The warranty period of the compressor is five years."),
     ("manual-2023.pdf", "The warranty period of the compressor is seven years.")),
    ("When is the annual report due?",
     ("mail1.eml", "The annual report is due on 15 March 2024."),
     ("mail2.eml", "The annual report is due on 31 March 2024.")),
    ("Who chairs the safety committee?",
     ("a.md", "The safety committee is chaired by Priya Raman."),
     ("b.md", "The safety committee is chaired by Oskar Beale.")),
    ("What is the maximum load of the crane?",
     ("sheet.csv", "The maximum load of the crane is 2.5 tonnes."),
     ("label.txt", "The maximum load of the crane is 3 tonnes.")),
    ("Is smoking permitted on the balcony?",
     ("house-rules.md", "Smoking is permitted on the balcony."),
     ("letter.md", "Smoking is prohibited on the balcony.")),
    ("How long is the trial period?",
     ("offer-a.md", "The trial period lasts three months."),
     ("offer-b.md", "The trial period lasts six months.")),
    ("What discount do students get?",
     ("prices-spring.md", "Students get a discount of 15 percent."),
     ("prices-autumn.md", "Students get a discount of 20%.")),
    ("Where does the conference take place?",
     ("call.md", "The conference takes place in Lisbon."),
     ("programme.md", "The conference takes place in Porto.")),
    ("年假有多少天？",
     ("员工手册2021.md", "每名员工每年享有10天年假。"), ("员工手册2023.md", "每名员工每年享有十五天年假。")),
    ("会议在几点开始？", ("通知一.md", "周例会于上午9点开始。"), ("通知二.md", "周例会于上午10点开始。")),
    ("保修期是多长？", ("说明书A.txt", "本产品保修期为两年。"), ("说明书B.txt", "本产品保修期为三年。")),
    ("法定代表人是谁？", ("执照.md", "法定代表人：沈嘉禾"), ("变更.md", "法定代表人：陆伯钧")),
    ("预付款比例是多少？",
     ("草案.md", "甲方支付合同总价的20%作为预付款。"), ("定稿.md", "甲方支付合同总价的30%作为预付款。")),
    ("付款期限是多少天？", ("条款v1.md", "乙方应在收到发票后45日内付款。"), ("条款v2.md", "乙方应在收到发票后30日内付款。")),
    ("仓库在几楼？", ("平面图.md", "二号仓库位于大楼3层。"), ("指引.md", "二号仓库位于大楼5层。")),
    ("能否转包？", ("合同a.md", "乙方可以将合同义务转包给第三方。"), ("合同b.md", "乙方不得将合同义务转包给第三方。")),
    ("培训费用是多少？", ("预算.md", "每人培训费用为410元。"), ("报销.md", "每人培训费用为460元。")),
    ("项目何时完工？", ("周报3.md", "项目计划于2024年6月30日完工。"), ("周报7.md", "项目计划于2024年9月15日完工。")),
]
AGREEING = [
    ("合同总价是多少？", ("合同.md", "合同总价为人民币一亿二千万元。"), ("补充协议.md", "合同总价为人民币120000000元。")),
    ("合同总价是多少？", ("合同.md", "合同总价为人民币一亿二千万元。"), ("补充协议.md", "合同总价为人民币1.2亿元。")),
    ("When does the lease end?",
     ("lease.md", "The lease ends on 31 December 2027."),
     ("register.md", "The lease ends on 2027-12-31.")),
    ("What did the bridge cost?",
     ("report.md", "The new bridge has cost one million two hundred thousand pounds."),
     ("ledger.md", "The new bridge has cost 1.2 million pounds.")),
    ("What is the population of Ashford?",
     ("Ashford.md", "The town has a population of 3,200."),
     ("Benton.md", "The town has a population of 4,100.")),
    ("When was Tom Hill born?",
     ("Tom Hill.md", "Tom Hill was born on 3 May 1950."),
     ("Ann Roe.md", "Ann Roe was born on 7 June 1961.")),
    ("Who won the league in 2010?",
     ("a.md", "In 2010, the club won the league."),
     ("b.md", "In 2011, the club won the league.")),
    ("How much is the rent?", ("a.md", "The rent is 900 euros a month."), ("b.md", "The rent is 900 euros a month.")),
    ("How much is the rent?", ("a.md", "The rent is 900 euros a month."), ("b.md", "The deposit is 1800 euros.")),
    ("What fee did the 2023 agreement set?",
     ("agreement-2023.md", "The fee is 2,150 pounds a month."),
     ("agreement-2024.md", "The fee is 2,890 pounds a month.")),
    ("How much does the HP40 weigh?",
     ("hp40.md", "The heat pump weighs 80 kilograms."),
     ("hp60.md", "The heat pump weighs 110 kilograms.")),
    ("张三的工资是多少？", ("张三.md", "每月工资为8,000元。"), ("李四.md", "每月工资为9,000元。")),
    ("What does clause 4 say about fees?",
     ("a.md", "4.1 Fees are invoiced on the first day of the month."),
     ("b.md", "5.2 Fees are invoiced on the first day of the month.")),
]


def hit(number: int, name: str, text: str) -> Hit:
    return Hit(number, f"/files/{name}", name.rpartition(".")[0], Chunk(text, Location(1, 1, 0, len(text))))


def found_in(question: str, one: tuple[str, str], other: tuple[str, str], claim: str = "") -> tuple[Conflict, ...]:
    hits = [hit(1, *one), hit(2, *other)]
    return find_conflicts(question, claim or one[1], [cite(1, hits[0], one[1], question)], hits, hits, {})


@pytest.mark.parametrize(("question", "one", "other"), DISAGREEING)
def test_what_two_files_say_differently_is_a_conflict(question: str, one: tuple[str, str], other: tuple[str, str]) -> None:
    for first, second in ((one, other), (other, one)):
        (conflict,) = found_in(question, first, second)
        assert {side.citation.quote for side in conflict.sides} == {one[1], other[1]}
        assert {side.citation.number for side in conflict.sides} == {1, 2}


@pytest.mark.parametrize(("question", "one", "other"), AGREEING)
def test_what_is_said_of_other_things_is_none(question: str, one: tuple[str, str], other: tuple[str, str]) -> None:
    assert found_in(question, one, other) == ()
    assert found_in(question, other, one) == ()


def test_a_conflict_over_what_the_answer_does_not_say_is_not_told() -> None:
    one = ("a.md", "The hall was built in 1950 and seats 300 people.")
    other = ("b.md", "The hall was built in 1950 and seats 350 people.")
    assert found_in("When was the hall built?", one, other, claim="The hall was built in 1950.") == ()
    assert found_in("How many does the hall seat?", one, other, claim="The hall seats 300 people.")


def test_the_newest_comes_first_and_dates_are_said() -> None:
    old, new = ("fees-2022.md", "The fee is 20 euros."), ("fees-2024-03-01.md", "The fee is 25 euros.")
    found = found_in("How much is the fee?", old, new)
    assert [side.date for side in found[0].sides] == ["2024-03-01", "2022"]
    assert conflict_text("How much is the fee?", found) == (
        "Your files disagree (newest first): “The fee is 25 euros.” [2] (2024-03-01) – “The fee is 20 euros.” [1] (2022).")
    in_chinese = "您的文件说法不一（新的在前）：“The fee is 25 euros.” [2]（2024-03-01）；"
    assert conflict_text("费用是多少？", found).startswith(in_chinese)


@pytest.mark.parametrize(("path", "title", "date", "version"), [
    ("/a/report-2024-03-01.md", "", "2024-03-01", ()), ("/a/report_20240301_v2.md", "", "2024-03-01", (2,)),
    ("/a/x.md", "合同 2023年5月", "2023-05", ()), ("/a/contract v1.2.docx", "", "1970-01-02", (1, 2)),
    ("/a/1234567.md", "", "1970-01-02", ()),
])
def test_dates_and_versions(path: str, title: str, date: str, version: tuple[int, ...]) -> None:
    assert date_of(path, title, 86_400 * 10**9) == date
    assert version_of(path, title) == version
    assert date_of("/a/x.md", "", 0) == ""

