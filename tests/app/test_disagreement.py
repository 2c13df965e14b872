"""Files disagree only about the same thing: not two sites, sections, rows or periods, but one file with itself, or two tables."""

# ruff: noqa: E501 - a case is one line

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant import Assistant, Settings
from assistant.datatypes import Answer, Citation, Location, Turn

TWO_SECTIONS = "# {}\n\nThe {} is 20 {}.\n\n# {}\n\nThe {} is 6 {}.\n"
DIFFERENT = (
    ("sites", {f"site-{n}.md": f"The culvert of site {n} is {width} metres wide and was cleaned in week {week}.\n"
               for n, width, week in ((18, 21, 23), (23, 26, 18))},
     "How wide is the culvert of site 23?", "The culvert of site 23 is 26 metres wide [1]."),
    ("a series of machines", {f"machine-{n}.md": f"# Machine {n}\n\nThe motor has {power} kilowatts.\n" for n, power in ((1, 5), (2, 7))},
     "How strong is the motor of machine 2?", "The motor has 7 kilowatts [1]."),
    ("forms of one template", {f"order-{n}.md": f"Order {n}\n\nDelivery takes {days} days. The sum is {total} euros.\n"
                               for n, days, total in ((1, 5, 100), (2, 7, 200), (3, 11, 300))},
     "How long does delivery take?", "Delivery takes 5 days [1]."),
    ("sections", {"plans.md": TWO_SECTIONS.format("Plan Birch", "set-up fee", "euros", "Plan Oak", "set-up fee", "euros")},
     "How much is the set-up fee of Plan Birch?", "The set-up fee is 20 euros [1]."),
    ("rows of one table", {"valves.csv": "code,pressure,hall\n" + "".join(f"K-{n},{n % 9 + 1} bar,hall {n % 4}\n" for n in range(1, 20))},
     "What is the pressure of K-7?", "The pressure of K-7 is 8 bar [1]."),
    ("tables of two months", {f"prices-{month}.csv": f"article,price\noak board,{price}\npine board,{price - 5}\n"
                              for month, price in (("january", 14), ("march", 16))},
     "What was the price of an oak board in January?", "The price of the oak board is 14 [1]."),
    ("years", {"r.md": "The revenue of 2023 was 5 million euros.\n", "s.md": "The revenue of 2024 was 6 million euros.\n"},
     "What was the revenue of 2023?", "The revenue of 2023 was 5 million euros [1]."),
    ("Chinese sites", {"一号.md": "一号涵洞宽21米，第23周清理。\n", "二号.md": "二号涵洞宽26米，第18周清理。\n"},
     "一号涵洞多宽？", "一号涵洞宽21米 [1]。"),
)
SAME = (
    ("two sections of one file", {"m.md": "# Setup\n\nThe filter is changed every 3 months.\n\n# Care\n\nThe filter is changed every 6 "
                                          "months.\n"},
     "How often is the filter changed?", "The filter is changed every 3 months [1]."),
    ("one paragraph", {"m.md": "The deposit is 500 euros. It is paid in advance. The deposit is 700 euros.\n"},
     "How large is the deposit?", "The deposit is 500 euros [1]."),
    ("Chinese sections", {"手册.md": "# 安装\n\n滤网每3个月更换一次。\n\n# 保养\n\n滤网每6个月更换一次。\n"},
     "滤网多久更换一次？", "滤网每3个月更换一次 [1]。"),
    ("two tables", {"prices.csv": "article,price\noak board,14.50\npine board,9.20\nhinge,3.10\n",
                    "list.csv": "article,price\noak board,16.50\npine board,9.20\nhinge,3.10\n"},
     "What is the price of an oak board?", "The price of the oak board is 14.50 [1]."),
    ("two tables of one file", {"t.md": "# Old list\n\n| Article | Price |\n|---|---|\n| oak board | 14.50 |\n| hinge | 3.10 |\n\n"
                                        "# New list\n\n| Article | Price |\n|---|---|\n| oak board | 16.50 |\n| hinge | 3.10 |\n"},
     "What is the price of the oak board?", "The price of the oak board is 14.50 [1]."),
    ("a question for yes or no", {"a.md": "The lease ends on 31 May 2027.\n", "b.md": "The lease ends on 30 June 2028.\n"},
     "Does the lease end on 31 May 2027?", "The lease ends on 31 May 2027 [1]."),
)


def answered(folder: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], question: str, reply: str,
             turns: tuple[Turn, ...] = ()) -> Answer:
    monkeypatch.setattr("assistant.models.fake.nearest_sentence", lambda _: reply)
    for name, text in files.items():
        (folder / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "files" / name).write_text(text, "utf-8")
    settings = Settings(home=folder / "home", embed="fake:", chat="fake:", rewrite_timeout=0, best_first=False)
    with Assistant(settings) as assistant:
        assistant.add([folder / "files"])
        return assistant.ask(question, turns).answer


@pytest.mark.parametrize(("files", "question", "reply"), [case[1:] for case in DIFFERENT], ids=[case[0] for case in DIFFERENT])
def test_sentences_about_different_things_do_not_disagree(tmp_path, monkeypatch, files, question, reply) -> None:
    answer = answered(tmp_path, monkeypatch, files, question, reply)
    assert answer.citations
    assert answer.conflicts == ()


@pytest.mark.parametrize(("files", "question", "reply"), [case[1:] for case in SAME], ids=[case[0] for case in SAME])
def test_a_contradiction_about_one_thing_is_found(tmp_path, monkeypatch, files, question, reply) -> None:
    assert len(answered(tmp_path, monkeypatch, files, question, reply).conflicts) == 1


def test_one_file_that_says_both_is_not_called_several(tmp_path, monkeypatch) -> None:
    _, files, question, reply = SAME[0]
    text = answered(tmp_path, monkeypatch, dict(files), question, reply).text
    assert "One of your files says both" in text
    assert "newest first" not in text


def test_copies_are_listed_once(tmp_path, monkeypatch) -> None:
    copies = {name: "The rent is 950 euros a month.\n" for name in ("b.md", "c/b.md", "d/b.md")}
    answer = answered(tmp_path, monkeypatch, {"a.md": "The rent is 900 euros a month.\n", **copies}, "How much is the rent?",
                      "The rent is 900 euros a month [1].")
    assert [len(conflict.sides) for conflict in answer.conflicts] == [2]


def test_a_follow_up_is_compared_as_it_is_completed(tmp_path, monkeypatch) -> None:
    files = {f"lumen-{n}.md": f"A service costs {price} euros.\n" for n, price in ((3, 80), (5, 120))}
    before = Turn("How much is a service for the Lumen 3?", "80 euros [1].",
                  (Citation(1, "/lumen-3.md", "Lumen 3", Location(1, 1, 0, 4), "A service costs 80 euros."),))
    answer = answered(tmp_path, monkeypatch, files, "And for the Lumen 5?", "A service costs 120 euros [1].", (before,))
    assert answer.searched == "How much is a service for the Lumen 5?"
    assert answer.conflicts == ()


def test_the_date_that_the_text_gives_comes_before_the_time_of_the_file(tmp_path, monkeypatch) -> None:
    files = {"fees-a.md": "Valid from 1 January 2026.\n\nThe mooring fee is 14 euros a day.\n",
             "fees-b.md": "Valid from 1 January 2024.\n\nThe mooring fee is 11 euros a day.\n"}
    (tmp_path / "files").mkdir()
    for name, changed in (("fees-a.md", 1.7e9), ("fees-b.md", 1.75e9)):
        (tmp_path / "files" / name).write_text(files[name], "utf-8")
        os.utime(tmp_path / "files" / name, (changed, changed))
    answer = answered(tmp_path, monkeypatch, {}, "How much is the mooring fee?", "The mooring fee is 14 euros a day [1].")
    assert [side.date for side in answer.conflicts[0].sides] == ["2026-01-01", "2024-01-01"]
