"""The bars of answers, from questions to the table, without weights."""

import json

import pytest
from answer_bars import BARS, bar_row, bars_table, interval
from answer_records import append, in_language, read_records, strict_failures
from answer_sets import SLICES, Asked, folder_of, half_of, in_turns, read_slice, write_passages
from answers import main, planned, require_same
from strict import names, unsupported

from assistant.evaluation import Question

QUESTIONS = [{"id": f"s{number}", "question": "How many grams of beans?", "lang": "en", "answerable": True, "answers": ["nine"],
              "gold_docs": ["coffee.md"], "kind": "answerable"} for number in range(30)]
NOISE = {"id": "n1", "question": "Who won the cup?", "lang": "en", "answerable": True, "answers": ["Maria"],
         "gold_docs": ["elsewhere.txt"], "answer_groups": [["Maria"]], "kind": "noise",
         "passages": [{"text": "Maria won the cup.", "label": "positive"}, {"text": "Rain fell.", "label": "negative"}]}


@pytest.fixture
def data(tmp_path):
    """Two small sets: one with a corpus, one whose question brings its passages along."""
    for name, records in (("squad2", QUESTIONS), ("rgb", [NOISE])):
        (tmp_path / "data" / name / "corpus").mkdir(parents=True)
        (tmp_path / "data" / name / "queries.jsonl").write_text("\n".join(map(json.dumps, records)), "utf-8")
    (tmp_path / "data" / "squad2" / "corpus" / "coffee.md").write_text("The machine takes nine grams of beans.", "utf-8")
    return tmp_path / "data"


@pytest.fixture
def run(data, tmp_path, monkeypatch):
    """Run the benchmark on the small sets with models without weights."""

    def run(*arguments):
        (tmp_path / "home").mkdir(exist_ok=True)
        monkeypatch.setattr("sys.argv", ["answers.py", str(data), "--home", str(tmp_path / "home"), "--out",
                                         str(tmp_path / "a.jsonl"), "--chat", "fake:", "--embed", "fake:", *arguments])
        return main()

    return run


CHOSEN = ("--slices", "squad2 answerable", "rgb noise en")


def test_a_stopped_run_goes_on_where_it_was(run, tmp_path, capsys):
    assert run(*CHOSEN, "--sample", "4", "--limit", "2") == 0
    first = read_records(tmp_path / "a.jsonl")
    assert [record["slice"] for record in first] == ["squad2 answerable", "rgb noise en", "squad2 answerable"]
    with (tmp_path / "a.jsonl").open("a") as half_a_line:
        half_a_line.write('{"slice": "squad2 ans')
    assert run(*CHOSEN, "--sample", "4") == 0
    records = read_records(tmp_path / "a.jsonl")
    assert records[:3] == first
    assert len({record["id"] for record in records}) == len(records) == 5
    table = capsys.readouterr().out
    assert "| squad2, answerable: contains | ≥ 0.72 | 1.000 | 1.000 to 1.000 | 4 | yes |" in table
    assert "| all: quotes that stand in the file | ≥ 1.00 | 1.000 |" in table


def test_passages_of_a_question_are_all_that_it_is_asked_of(run, tmp_path):
    run("--slices", "rgb noise en")
    (record,) = read_records(tmp_path / "a.jsonl")
    assert record["answer"].startswith("Maria won the cup")
    assert "citation_precision" not in record["metrics"]
    assert record["cited"]["1"]["text"].endswith("Maria won the cup.")


def test_answers_of_another_prompt_are_not_mixed_in():
    record = {"model": "m", "prompt_version": "3"}
    require_same(record, [{"model": "m", "prompt_version": "3"}, {"model": "", "prompt_version": "3"}])
    with pytest.raises(SystemExit, match="prompt_version 2"):
        require_same(record, [{"model": "m", "prompt_version": "2"}])


def test_halves_do_not_overlap_and_samples_are_fixed(data):
    squad = SLICES[0]
    fit, report = (read_slice(data, squad, 100, half) for half in ("fit", "report"))
    assert len(fit) + len(report) == 30
    assert all(half_of(asked.question.id) == "report" for asked in report)
    assert read_slice(data, squad, 5) == read_slice(data, squad, 30)[:5]


def test_slices_are_asked_in_turns():
    first, second = ([Asked(SLICES[0], Question(name + str(number), "?")) for number in range(count)]
                     for name, count in (("a", 3), ("b", 1)))
    assert [asked.question.id for asked in in_turns([first, second])] == ["a0", "b0", "a1", "a2"]


def test_passages_are_written_once(tmp_path):
    asked = Asked(SLICES[4], Question("q", "?"), ("one", "two"))
    write_passages([asked], tmp_path)
    folder = folder_of(asked, tmp_path)
    assert [path.name for path in sorted(folder.iterdir())] == ["01.txt", "02.txt"]
    stamp = (folder / "01.txt").stat().st_mtime_ns
    write_passages([asked], tmp_path)
    assert (folder / "01.txt").stat().st_mtime_ns == stamp


@pytest.mark.parametrize(
    ("sentence", "source", "missing"),
    [
        ("It weighs 1,200 kg [1].", "a weight of 1200 kg", []),
        ("It weighs 12 kg.", "a weight of 1200 kg", ["12"]),
        ("The winner was Maria Fischer's team.", "the team of Maria", ["Fischer"]),
        ("Rain fell on Bergen.", "in Bergen rain falls", []),
        ("他在2019年执导了《长夜》。", "2019年，他执导《长夜》", []),
        ("他在2018年执导了《长日》。", "2019年，他执导《长夜》", ["2018", "长日"]),
        ("导演是张大山。", "导演为李小河", ["张大山"]),
        ("发言人史蒂夫·乔布斯说。", "史蒂夫•乔布斯说", []),
        ("百度推出的类ChatGPT是文心一言。", "百度的类 ChatGPT 产品叫文心一言。", []),
    ],
)
def test_the_stricter_check(sentence, source, missing):
    assert unsupported(sentence, source) == missing


def test_the_first_word_is_no_name():
    assert names("Berlin is in Germany, and It rains.") == ["Germany"]


def test_only_full_sentences_with_a_citation_are_checked():
    def record(support, numbers, text="It has 5 doors."):
        return {"abstained": False, "answer": text, "cited": {"1": {"text": "6 doors"}},
                "sentences": [{"text": text, "numbers": numbers, "support": support}]}

    checked, failures = strict_failures([record("full", [1]), record("partial", [1]), record("full", [])], 100)
    assert (checked, failures) == (1, [("It has 5 doors.", ["5"])])


def test_the_language_of_an_answer():
    assert in_language("2019.", "zh")
    assert in_language("在2019年。", "zh")
    assert not in_language("Somerset House", "zh")


def test_bars_look_the_right_way():
    at_most = next(bar for bar in BARS if not bar.at_least)
    assert bar_row(at_most, [0.0, 0.0])[-1] == "yes"
    assert bar_row(at_most, [1.0, 0.0])[-1] == "no"
    assert interval([0.0, 1.0] * 50)[0] == 0.5
    assert bars_table([]).count("\n") == 1


def test_only_whole_lines_are_records(tmp_path):
    append(tmp_path / "new" / "a.jsonl", {"id": "中"})
    assert read_records(tmp_path / "new" / "a.jsonl") == [{"id": "中"}]
    assert read_records(tmp_path / "none.jsonl") == []


def test_sets_between_languages_wait_for_a_model_of_both(data, tmp_path):
    class Arguments:
        slices = ("squad2 answerable", "xquad en→zh")
        cross_embed, sample, half, limit, home = "", 3, "all", None, tmp_path
        data = tmp_path / "data"

    assert {asked.slice.name for asked in planned(Arguments, set())} == {"squad2 answerable"}
