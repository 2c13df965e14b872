"""eval: what is measured of a library, what is saved and compared, and how it ends."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from assistant.app.ask.ask import StreamedAnswer
from assistant.app.assistant import Assistant
from assistant.cli.commands.evaluate import evaluate
from assistant.cli.error_boundary import ErrorBoundary
from assistant.errors import ContextOverflow

QUESTIONS = (
    {"id": "end", "question": "When does the lease end?", "answers": ["31 December 2027"], "gold_docs": ["lease.md"],
     "kind": "date"},
    {"id": "beans", "question": "How many grams of beans?", "answers": ["nine"], "gold_docs": ["coffee.txt"], "kind": "number",
     "gold_span": {"start": 0, "end": 45}},
    {"id": "roof", "question": "Who mends the roof?", "answerable": False, "kind": "number"},
)  # fmt: skip


@pytest.fixture
def run_eval():
    """Run the command in an app of its own."""
    app = typer.Typer(cls=ErrorBoundary)
    app.callback()(lambda: None)
    app.command("eval")(evaluate)
    return lambda *arguments, stdin=None: CliRunner().invoke(app, ["eval", *map(str, arguments)], input=stdin)


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, QUESTIONS)), "utf-8")
    return path


def test_search_and_answers_are_measured(run_eval, library, questions):
    result = run_eval(questions, "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    measured = json.loads(result.stdout)
    assert measured["about"].pop("passages") > 0
    assert measured["about"] == {"library": "default", "embedder": "fake:", "chat": "fake:", "results": 50}
    metrics = measured["metrics"]
    assert metrics["recall_at_1"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "count": 2}
    assert metrics["span_recall"]["count"] == 1
    assert metrics["contains"]["mean"] == 1.0
    assert metrics["cites_gold_file"]["mean"] == 1.0
    assert metrics["abstention_recall"]["count"] == 1
    assert set(measured["kinds"]) == {"date", "number"}
    assert measured["langs"] == {}
    assert [row["id"] for row in measured["rows"]] == ["end", "beans", "roof"]
    assert measured["rows"][2]["metrics"].keys() <= {
        "abstention_recall", "abstention_precision", "support_rate", "first_token_seconds", "total_seconds"}
    assert metrics["support_rate"]["mean"] == 1.0  # the answers are copied
    assert measured["latencies"]["total_seconds"]["count"] == 2  # the first question waits for the models
    assert (measured["rows"][0]["expected"], measured["rows"][0]["sources"]) == (["31 December 2027"], ["lease.md"])


def test_the_search_alone_needs_no_chat_model(run_eval, library, questions, monkeypatch):
    monkeypatch.delenv("ASSISTANT_CHAT")
    missing = run_eval(questions)
    assert (missing.exit_code, missing.stdout) == (5, "")
    result = run_eval(questions, "--retrieval", "--json", "-k", 5)
    assert result.exit_code == 0
    measured = json.loads(result.stdout)
    assert (measured["about"]["chat"], measured["about"]["results"]) == ("", 5)
    assert "contains" not in measured["metrics"]
    assert measured["metrics"]["ndcg_at_10"]["mean"] == 1.0


def test_the_table(run_eval, library, questions):
    result = run_eval(questions)
    assert result.stdout.startswith("Library default  3 questions, fake:, fake:\n")
    overall, times, became, by_kind = result.stdout.split("\n\n")
    assert times.splitlines()[1].startswith("to the first word")
    assert became.startswith("Of 3 questions: 2 right, 1 answered, though the files do not say")
    assert any(line.split() == ["nDCG@10", "1.000", "1.000", "to", "1.000", "2"] for line in overall.splitlines())
    assert any(line.split()[:3] == ["date", "recall@10", "1.000"] for line in by_kind.splitlines())
    assert "\x1b" not in result.stdout


def test_a_report_for_people(run_eval, library, questions, tmp_path):
    result = run_eval(questions, "--report", tmp_path / "report.html")
    assert result.exit_code == 0
    assert "Report:" in result.stderr
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Who mends the roof?" in page
    assert page.count("<svg") == 3
    assert run_eval(questions, "--retrieval", "--report", tmp_path / "report.md").exit_code == 0
    assert "| nDCG@10 | 1.000 |" in (tmp_path / "report.md").read_text("utf-8")


@pytest.mark.parametrize(("option", "name"), [("--out", "keep.json"), ("--report", "keep.md"), ("--report", "keep.html")])
def test_no_file_is_replaced_and_nothing_measured_before(run_eval, library, questions, tmp_path, option, name):
    (tmp_path / name).write_text("mine", "utf-8")
    result = run_eval(questions, "--retrieval", option, tmp_path / name)
    assert (result.exit_code, result.stdout, (tmp_path / name).read_text("utf-8")) == (2, "", "mine")
    assert f"{name} already exists. Choose another name, or move the file away." in " ".join(result.stderr.split())


def test_questions_come_from_stdin(run_eval, library, questions):
    assert run_eval("-", "--retrieval", stdin=questions.read_bytes()).exit_code == 0


def test_right_files_that_the_library_lacks_are_named(run_eval, library):
    question = {"question": "When does the lease end?", "gold_docs": ["lost.md", "lease.md"]}
    result = run_eval("-", "--retrieval", "--json", stdin=json.dumps(question))
    assert "1 right file not in the library, counted as not found: lost.md" in result.stderr
    assert json.loads(result.stdout)["metrics"]["recall_at_10"]["mean"] == 0.5


def test_two_results_are_compared(run_eval, library, questions, tmp_path):
    better, worse = tmp_path / "better.json", tmp_path / "worse.json"
    many = [{"question": f"How many grams of beans make {cups} cups?", "gold_docs": ["coffee.txt"]} for cups in range(8)]
    questions.write_text("\n".join(map(json.dumps, many)), "utf-8")
    assert run_eval(questions, "--retrieval", "--out", better).exit_code == 0
    saved = json.loads(better.read_text("utf-8"))
    for row in saved["rows"]:
        row["metrics"]["recall_at_1"] = 0.0
    worse.write_text(json.dumps(saved), "utf-8")
    result = run_eval("--compare", better, worse)
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert lines["recall@1"].split()[1:4] == ["1.000", "0.000", "-1.000"]
    assert lines["recall@1"].rstrip().endswith("B is worse")
    assert lines["recall@10"].split()[-1] == "8"
    compared = json.loads(run_eval("--compare", better, worse, "--json").stdout)
    assert compared["shared"] == 8
    assert compared["metrics"]["recall_at_1"]["more_than_noise"] is True
    assert compared["metrics"]["recall_at_10"]["more_than_noise"] is False


def test_questions_that_only_one_result_has_are_left_out(run_eval, library, questions, tmp_path):
    run_eval(questions, "--retrieval", "--out", tmp_path / "a.json")
    questions.write_text("\n".join(map(json.dumps, QUESTIONS[:2])), "utf-8")
    run_eval(questions, "--retrieval", "--out", tmp_path / "b.json")
    result = run_eval("--compare", tmp_path / "a.json", tmp_path / "b.json")
    assert "2 questions in both" in result.stdout
    assert "Left out: 1 only in A, 0 only in B" in result.stdout


def test_ctrl_c_keeps_what_was_measured(run_eval, library, questions, tmp_path, monkeypatch):
    answered = StreamedAnswer.answer

    def stop_at_the_second(stream):
        if "beans" in stream.question:
            raise KeyboardInterrupt
        return answered.fget(stream)

    monkeypatch.setattr(StreamedAnswer, "answer", property(stop_at_the_second))
    result = run_eval(questions, "--out", tmp_path / "a.json")
    assert result.exit_code == 130
    assert "1 question," in result.stdout
    assert "Stopped after 1 of 3 questions; the metrics cover only those." in result.stderr
    saved = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert (saved["planned"], len(saved["rows"])) == (3, 1)


def test_ctrl_c_before_anything_was_measured(run_eval, library, questions, monkeypatch):
    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(StreamedAnswer, "answer", property(stop))
    result = run_eval(questions)
    assert (result.exit_code, result.stdout) == (130, "")
    assert "Stopped." in result.stderr


def test_a_question_that_does_not_fit_the_model(run_eval, library, questions, monkeypatch):
    def overflow(_):
        raise ContextOverflow("The question is too long.")

    monkeypatch.setattr(StreamedAnswer, "answer", property(overflow))
    result = run_eval(questions, "--json")
    assert result.exit_code == 1
    assert "Question beans: The question is too long." in result.stderr
    measured = json.loads(result.stdout)
    assert measured["metrics"]["recall_at_1"]["count"] == 2
    assert "contains" not in measured["metrics"]
    assert measured["rows"][0]["error"] == "The question is too long."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give one of"),
        (("{questions}", "--compare", "a.json", "b.json"), "Give one of"),
        (("none.jsonl",), "none.jsonl cannot be read"),
        (("--compare", "a.json", "{questions}"), "a.json cannot be read"),
        (("--compare", "{questions}", "{questions}"), "is not a result"),
        (("--compare", "{questions}", "{questions}", "--report", "a.md"), "--compare and --report"),
        (("--compare", "{questions}", "{questions}", "--out", "a.json"), "--compare and --out"),
        (("--make", "3", "--report", "a.md"), "--make and --report"),
        (("--make", "3", "--retrieval"), "--make and --retrieval"),
        (("{questions}", "--out", "{folder}"), "cannot be written"),
        (("{questions}", "--report", "{folder}/report.pdf"), "neither Markdown nor HTML"),
        (("{questions}", "--report", "{folder}/none/report.md"), "cannot be written"),
        (("{questions}", "--out", "{folder}/none/a.json"), "cannot be written"),
    ],
)
def test_what_the_command_cannot_take(run_eval, library, questions, folder, arguments, words):
    result = run_eval(*(argument.format(questions=questions, folder=folder) for argument in arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def test_a_bad_line_is_named(run_eval, library):
    result = run_eval("-", stdin='{"question": "fine"}\n{"answers": []}\n')
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Line 2: it has no question" in result.stderr


def test_retrieval_needs_a_question_with_a_right_file(run_eval, library):
    result = run_eval("-", "--retrieval", stdin='{"question": "fine", "answers": ["yes"]}\n')
    assert result.exit_code == 2
    assert "gold_docs" in result.stderr


def test_an_empty_library(run_eval, questions):
    assert run_eval(questions, "--retrieval").exit_code == 4


ASKED_FOR = {"31 December 2027": "When does the lease end according to its term?",
             "46500 pounds": "What is the yearly rent of it, in money?"}


@pytest.fixture
def scripted(monkeypatch):
    """Let the model write a question for each fact that it knows."""
    monkeypatch.setattr(Assistant, "draft_question", lambda self, hit, sentence, fact: ASKED_FOR.get(fact, ""))


def test_questions_are_drafted_and_can_be_asked(run_eval, library, scripted, tmp_path):
    result = run_eval("--make", 2, "--out", tmp_path / "q.jsonl")
    assert (result.exit_code, result.stdout) == (0, "")
    lines = [json.loads(line) for line in (tmp_path / "q.jsonl").read_text("utf-8").splitlines()]
    assert lines[0]["question"] in ASKED_FOR.values()
    assert (lines[0]["gold_docs"], lines[0]["draft"]) == (["lease.md"], True)
    assert run_eval(tmp_path / "q.jsonl", "--retrieval", "--json").exit_code == 0
    again = run_eval("--make", 1, "--out", tmp_path / "q.jsonl")
    assert "already" in again.stderr


def test_drafts_go_to_stdout_where_no_file_is_named(run_eval, library, scripted):
    result = run_eval("--make", 1)
    assert json.loads(result.stdout)["answers"][0] in ASKED_FOR
    assert "Drafted 1 question." in result.stderr


def test_ctrl_c_keeps_what_was_drafted(run_eval, library, tmp_path, monkeypatch):
    calls = []

    def write(self, hit, sentence, fact):
        calls.append(fact)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return ASKED_FOR.get(fact, "")

    monkeypatch.setattr(Assistant, "draft_question", write)
    result = run_eval("--make", 5, "--out", tmp_path / "q.jsonl")
    assert result.exit_code == 130
    assert "Run the command again to continue" in result.stderr


def test_drafting_needs_a_library_and_a_model(run_eval, library, monkeypatch):
    monkeypatch.delenv("ASSISTANT_CHAT")
    assert run_eval("--make", 1).exit_code == 5


def test_drafting_without_files(run_eval):
    assert run_eval("--make", 1).exit_code == 4
