import random

import pytest
from builders import file_with

from assistant.datatypes import Progress
from assistant.generation.documents import compare as pulse
from assistant.generation.documents.cited_lines import number_lines
from assistant.generation.documents.compare import compare_files

OLD = "The fee is 2,150 pounds a month. Backups are kept for 30 days. The desk is closed on Sundays. Cats are welcome here."
NEW = "Cats are welcome here. The fee is 2,890 pounds a month. Backups are kept for 30 days. A wireless network was put in."


def compared(old: str, new: str, language: str = "en") -> tuple[str, dict[int, str]]:
    text, citations = number_lines(compare_files(file_with(old, name="old.md"), file_with(new, name="new.md"), language))
    return text, {each.number: f"{each.title}: {each.quote}" for each in citations}


def test_what_changed_is_said_with_both_places() -> None:
    text, quotes = compared(OLD, NEW)
    assert text.splitlines()[0] == "From old.md to new.md: 1 changed, 1 added, 1 removed; 2 sentences are the same."
    assert "- Changed: 2,150 → 2,890 — “The fee is 2,150 pounds a month.” [1] → “The fee is 2,890 pounds a month.” [2]" in text
    assert quotes[1] == "old.md: The fee is 2,150 pounds a month."
    assert quotes[2] == "new.md: The fee is 2,890 pounds a month."
    assert "- Removed: “The desk is closed on Sundays.”" in text
    assert "- Added: “A wireless network was put in.”" in text


def test_a_sentence_that_only_moved_is_no_change() -> None:
    assert "Cats" not in compared(OLD, NEW)[0]


def test_chinese_is_compared_by_character() -> None:
    text, _ = compared("违约金为货款的千分之三。保密期三年。", "违约金为货款的千分之五。保密期三年。", "zh")
    assert "1 处修改" in text
    assert "三 → 五" in text


def test_the_same_and_strangers_are_told() -> None:
    assert "say the same" in compared(OLD, OLD)[0]
    assert "hardly a sentence in common" in compared(OLD, "Bees make honey. Trains run on rails.")[0]


def test_a_sentence_that_holds_control_characters_is_compared_like_any_other() -> None:
    text, quotes = compared("The fee is \0 2,150 \0 pounds a month.", "The fee is \0 2,890 pounds a month.\0")
    assert "1 changed" in text
    assert text.count("[1]") == text.count("[2]") == 1
    assert "\0" in quotes[1]  # what is quoted stays exact


def test_each_number_stands_behind_its_sentence() -> None:
    text, quotes = compared(OLD, NEW)
    for line in text.splitlines()[1:]:
        for part in line.split("“")[1:]:
            sentence, _, after = part.partition("” ")
            number = int(after[1 : after.index("]")])
            assert quotes[number].endswith(sentence)


def test_a_long_comparison_says_how_far_it_is_and_can_be_called_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "SECONDS", 0.0)
    chance = random.Random(1)
    old, new = (" ".join(f"Word {chance.random()} and {chance.random()}." for _ in range(300)) for _ in "ab")
    seen: list[Progress] = []

    def call_off(progress: Progress) -> None:
        seen.append(progress)
        if progress.done >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_files(file_with(old, name="old.md"), file_with(new, name="new.md"), "en", call_off)
    assert (seen[-1].stage, seen[-1].done, seen[-1].total) == ("comparing", 100, 300)
    assert [each.done for each in seen] == sorted(each.done for each in seen)
