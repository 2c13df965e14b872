"""search and ask: what is printed, what a script gets, and how they end."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from rich.console import Console

from assistant.models.fake import FakeReply

LEASE_PDF = Path(__file__).parents[2] / "examples" / "contracts" / "office-lease.pdf"


def test_search_shows_passages_and_their_places(run, library, folder):
    result = run("search", "notice period", "-k", 1)
    assert result.exit_code == 0
    assert result.stdout.startswith("1. ")
    assert "line" in result.stdout
    assert str(folder / "lease.md") in result.stdout
    assert "The notice period is nine months." in result.stdout
    assert "2. " not in result.stdout
    assert result.stderr == ""


def test_search_as_json(run, library, folder):
    result = json.loads(run("search", "citric acid", "--json", "-k", "1").stdout)
    assert set(result) == {"question", "hits", "embedded", "timings"}
    assert set(result["timings"]) == {"retrieve_ms", "total_ms"}
    (hit,) = result["hits"]
    assert isinstance(hit.pop("score"), float)
    text = (folder / "coffee.txt").read_text("utf-8").strip()
    location = hit["location"]
    assert text in hit.pop("text") + "\n"
    assert (location["line_start"], location["line_end"], location["char_start"]) == (1, 2, 0)
    assert "page" not in location
    assert None not in location.values()
    assert {name: hit[name] for name in ("rank", "path")} == {"rank": 1, "path": str(folder / "coffee.txt")}
    assert set(hit) == {"rank", "path", "title", "location", "keyword_rank", "dense_rank"}


def test_links_in_a_terminal_lead_to_the_page(run, terminal):
    run("add", LEASE_PDF)
    result = run("search", "forfeiture", "-k", 1)
    assert "\x1b]8;" in result.stdout
    assert f"{LEASE_PDF.as_uri()}#page=4" in result.stdout


def test_no_links_and_no_colours_in_a_pipe(run, library):
    assert "\x1b" not in run("search", "lease").stdout


def test_text_of_files_cannot_command_the_terminal(run, folder):
    (folder / "evil.txt").write_text("Payment \x1b]0;owned\x07 \x1b[2J terms are thirty days.\n", "utf-8")
    run("add", folder)
    for arguments in (("search", "payment terms"), ("ask", "What are the payment terms?")):
        result = run(*arguments)
        assert "thirty days" in result.stdout
        assert "\x1b" not in result.stdout
        assert "\x07" not in result.stdout


def test_markup_in_files_is_only_text(run, folder):
    (folder / "markup.txt").write_text("The code [bold]zebra[/bold] and [/nothing] and :smile: stand here.\n", "utf-8")
    run("add", folder)
    assert "[bold]zebra[/bold] and [/nothing] and :smile:" in run("search", "zebra").stdout


def test_ask_answers_with_sources(run, library, folder):
    result = run("ask", "When does the lease end?")
    assert result.exit_code == 0
    answer, _, sources = result.stdout.partition("\n\n")
    assert "31 December 2027" in answer
    assert "[1]" in answer
    assert sources.startswith("Sources\n[1] ")
    assert "“The lease ends on 31 December 2027.”" in sources
    assert "line 5" in sources
    assert result.stderr == ""


def test_ask_shows_the_passages_first_in_a_terminal(run, library, terminal):
    result = run("ask", "When does the lease end?")
    assert "Passages:" in result.stderr
    assert "31 December 2027" in result.stdout


def test_ask_as_json(run, library, folder):
    answer = json.loads(run("ask", "When does the lease end?", "--json").stdout)
    assert list(answer) == ["question", "answer", "abstained", "sentences", "citations", "conflicts", "hits", "route",
                            "answerability", "model", "machine", "embedder", "prompt_version", "timings"]
    assert (answer["abstained"], answer["model"], answer["embedder"]) == (False, "fake:", "fake:")
    assert set(answer["timings"]) == {"retrieve_ms", "first_token_ms", "total_ms", "writing_ms", "prompt_tokens", "reused_tokens",
                                      "read_tokens", "read_passages", "generated_tokens", "estimated_tokens"}
    (citation,) = answer["citations"]
    assert list(citation) == ["number", "path", "title", "location", "quote"]
    assert citation["path"] == str(folder / "lease.md")
    text = (folder / "lease.md").read_text("utf-8")
    location = citation["location"]
    assert text[location["char_start"]:location["char_end"]] == citation["quote"]


def test_ask_abstains_with_exit_code_3(run, library, monkeypatch):
    monkeypatch.setattr("assistant.models.fake.nearest_sentence", lambda _: "NOT STATED")
    result = run("ask", "When does the lease end?")
    assert result.exit_code == 3
    assert result.stdout == "Your files do not say.\n"
    as_json = run("ask", "When does the lease end?", "--json")
    assert as_json.exit_code == 3
    assert json.loads(as_json.stdout)["abstained"] is True


def test_ask_adds_paths_first(run, folder):
    result = run("ask", "How many grams of beans?", folder)
    assert result.exit_code == 0
    assert "nine grams" in result.stdout
    assert result.stderr.startswith("2 indexed")
    again = run("ask", "How many grams of beans?", folder)
    assert again.stderr == ""


def test_a_stopped_answer_leaves_what_there_is(run, library, monkeypatch, fitted):
    def stop(_):
        yield from ("The ", "lease ", "ends ", "on ", "31 ", "December ")
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeReply, "__iter__", stop)
    result = run("ask", "When does the lease end?")
    assert result.exit_code == 130
    assert "The lease ends on 31" in result.stdout
    assert "Stopped." in result.stderr


QUESTIONS = '{"id": "a", "question": "When does the lease end?"}\n\n{"question": "citric acid"}\n'


@pytest.mark.parametrize(("command", "key"), [("search", "hits"), ("ask", "answer")])
def test_a_batch_prints_a_line_for_each_question(run, library, tmp_path, command, key):
    file = tmp_path / "questions.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + QUESTIONS.encode())
    from_file, from_stdin = run(command, "--batch", file), run(command, "--batch", "-", "--json", stdin=QUESTIONS)
    for result in (from_file, from_stdin):
        assert result.exit_code == 0
        first, second = map(json.loads, result.stdout.splitlines())
        assert list(first)[:2] == ["id", "question"]
        assert first["id"] == "a"
        assert "id" not in second
        assert key in first
        assert key in second


@pytest.mark.parametrize("bad", ["{", "[]", '"text"', '{"question": 3}', '{"question": " "}', '{"id": 1}', "\udcff"])
def test_a_bad_line_of_a_batch_is_named(run, library, bad):
    lines = ('{"question": "lease"}\n' + bad + "\n").encode("utf-8", "surrogateescape")
    result = run("search", "--batch", "-", stdin=lines)
    assert result.exit_code == 2
    assert "Line 2 of the batch" in result.stderr
    assert result.stdout == ""


def test_a_batch_that_is_not_there(run, library, tmp_path):
    result = run("search", "--batch", tmp_path / "none.jsonl")
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


def test_one_question_too_long_does_not_stop_a_batch(run, library):
    lines = [json.dumps({"id": 1, "question": "lease " * 20_000}), json.dumps({"id": 2, "question": "When does the lease end?"})]
    result = run("ask", "--batch", "-", stdin="\n".join(lines))
    first, second = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 1
    assert "too long" in first["error"]
    assert "2027" in second["answer"]
    assert "Line 1" in result.stderr


def test_a_question_of_a_hundred_thousand_characters(run, library):
    question = "lease " * 16_667
    assert run("search", question).exit_code == 0
    result = run("ask", question)
    assert result.exit_code == 1
    assert "too long" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["search", "ask"])
def test_neither_question_nor_batch_or_both(run, library, command):
    for arguments in ((command,), (command, "question", "--batch", "-"), (command, "  ")):
        result = run(*arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith("Error: ")


def test_results_count_from_one(run, library):
    assert run("search", "lease", "-k", "0").exit_code == 2


def test_chinese_stays_chinese_in_json(run, folder):
    (folder / "合同.md").write_text("# 采购合同\n\n交货日期是2024年5月1日。\n", "utf-8")
    run("add", folder)
    assert "交货日期" in run("search", "交货日期", "--json").stdout


def test_an_answer_that_no_passage_bears_out_is_marked(run, library, monkeypatch, fitted):
    monkeypatch.setattr("assistant.models.fake.nearest_sentence", lambda prompt: "Bananas grow in Ecuador [1].")
    result = run("ask", "What is the rent?")
    assert result.exit_code == 3
    assert result.stdout.splitlines() == ["Bananas grow in Ecuador [?].", "No passage supports this answer. Do not rely on it."]


def test_filters_and_explanations_from_the_command_line(run, library, folder):
    found = json.loads(run("search", "citric acid", "--type", "txt", "--path", str(folder), "--since", "1d", "--json").stdout)
    assert found["hits"] and all(hit["path"].endswith(".txt") for hit in found["hits"])
    assert json.loads(run("search", "citric acid", "--since", "2099-01-01", "--json").stdout)["hits"] == []
    why = json.loads(run("search", "citric acid", "--explain", "--json").stdout)
    assert {"term": "citric", "passages": 1} in why["terms"] and why["candidates"][0]["dropped_by"] == ""
    shown = run("search", "citric acid", "--explain").stdout
    assert "citric (1)" in shown and "cosine" in shown
    assert run("search", "citric acid", "--since", "tomorrow").exit_code == 2


def test_what_waits_for_its_vectors_is_told(run, library, monkeypatch):
    monkeypatch.setattr("assistant.index.store.Store.embedded_share", lambda _: 0.4)
    assert "40% of the passages are embedded" in run("search", "citric acid").stderr


def test_a_terminal_is_told_how_long_it_took_and_a_pipe_is_not(run, folder, monkeypatch):
    run("add", folder)
    assert "first word after" not in run("ask", "When does the lease end?").stderr
    console = Console(force_terminal=True, record=True, width=200)
    monkeypatch.setattr("assistant.cli.render.answer.notices", lambda: console)
    run("ask", "When does the lease end?")
    assert re.search(r"search \d.* first word after \d.* tokens: \d+ read, 0 cached, \d+ written",
                     console.export_text())


@pytest.fixture
def slow(monkeypatch):
    """Let a reply of the model last longer than the time between two frames of a spinner."""
    scores = FakeReply.log_likelihoods

    def score_slowly(reply):
        time.sleep(0.6)
        return scores(reply)

    monkeypatch.setattr(FakeReply, "log_likelihoods", score_slowly)


OF_BOTH_FILES = "How long is the notice period of the coffee machine?"


def test_a_terminal_is_told_how_many_passages_are_read(run, library, terminal, slow, monkeypatch):
    assert "Reading 1 passage" in run("ask", OF_BOTH_FILES).stderr
    saying(monkeypatch, "NOT STATED")
    said = run("ask", OF_BOTH_FILES).stderr
    assert "Reading 1 passage" in said
    assert "Not enough; reading 1 more" in said


def test_neither_a_pipe_nor_json_is_told_what_is_read(run, library, monkeypatch):
    saying(monkeypatch, "NOT STATED")
    for arguments in ((), ("--json",)):
        result = run("ask", OF_BOTH_FILES, *arguments)
        assert "reading" not in (result.stdout + result.stderr).lower()


def saying(monkeypatch: pytest.MonkeyPatch, reply: str) -> None:
    monkeypatch.setattr("assistant.models.fake.nearest_sentence", lambda _: reply)


def test_a_sentence_that_nothing_bears_out_is_marked(run, library, terminal, monkeypatch):
    saying(monkeypatch, "The lease ends on 31 December 2027. Bananas grow in Ecuador.")
    result = run("ask", "When does the lease end?")
    assert "Ecuador [?]." in result.stdout.replace("\x1b[2;33m", "").replace("\x1b[0m", "")
    assert "2027 [1]." in result.stdout
    assert "No passage supports this" in result.stdout


def test_a_pipe_gets_the_marks_too(run, library, monkeypatch):
    saying(monkeypatch, "The lease ends on 31 December 2027. Bananas grow in Ecuador.")
    result = run("ask", "When does the lease end?")
    assert result.exit_code == 0
    assert "Ecuador [?]." in result.stdout
    assert "[?] No passage supports this." in result.stdout


def test_a_greeting_gets_a_hint(run, library):
    result = run("ask", "hello")
    assert result.exit_code == 0
    assert "Ask a question about your files" in result.stdout


def test_files_are_listed_without_a_model(run, library):
    assert "lease.md" in run("ask", "Which files do I have?").stdout


def test_json_says_how_far_each_sentence_is_borne_out(run, library, monkeypatch):
    saying(monkeypatch, "The lease ends on 31 December 2027. Bananas grow in Ecuador.")
    sentences = json.loads(run("ask", "When does the lease end?", "--json").stdout)["sentences"]
    assert [(each["text"], each["numbers"], each["support"]) for each in sentences] == [
        ("The lease ends on 31 December 2027.", [1], "full"), ("Bananas grow in Ecuador.", [], "none"),
    ]


def test_strict_leaves_out_what_nothing_bears_out(run, library, monkeypatch):
    saying(monkeypatch, "Bananas grow in Ecuador. The lease ends on 31 December 2027.")
    assert run("ask", "When does the lease end?", "--strict").stdout.startswith("The lease ends on 31 December 2027 [1].\n")
    saying(monkeypatch, "Bananas grow in Ecuador.")
    nothing = run("ask", "When does the lease end?", "--strict")
    assert (nothing.exit_code, nothing.stdout) == (3, "Your files do not say.\n")


def test_a_reranker_shows_what_it_did(run, library):
    result = run("search", "notice period of the lease", "--explain", "--rerank", "fake:")
    assert result.exit_code == 0
    assert "fake: scored " in result.stdout
    header = next(line for line in result.stdout.splitlines() if "cosine" in line and "passage" in line)
    columns = re.split(r" {2,}", header.strip())
    assert columns == ["score", "BM25", "BM25 rank", "cosine", "cosine rank", "reranker", "rank before", "passage"]
    assert "reranker" in result.stdout
    as_json = json.loads(run("search", "notice period of the lease", "--explain", "--rerank", "fake:", "--json").stdout)
    assert as_json["reranking"]["model"] == "fake:"
    kept = [candidate for candidate in as_json["candidates"] if not candidate["dropped_by"]]
    assert as_json["reranking"]["read"] == len(kept) == as_json["reranking"]["candidates"]
    assert sorted(candidate["rank_before"] for candidate in kept) == list(range(1, len(kept) + 1))
    assert all("rerank_score" in candidate for candidate in kept)


def test_a_reranker_orders_what_search_and_ask_find(run, library, monkeypatch):
    plain = json.loads(run("search", "lease", "--json").stdout)["hits"]
    assert "rerank_score" not in plain[0]
    monkeypatch.setenv("ASSISTANT_RERANK", "fake:")
    for arguments in (("search", "lease"), ("ask", "When does the lease end?")):
        hits = json.loads(run(*arguments, "--json").stdout)["hits"]
        assert all("rerank_score" in hit for hit in hits)
        assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    assert json.loads(run("search", "lease", "--rerank", "", "--json").stdout)["hits"] == plain


def test_a_reranker_that_cannot_be_used_is_an_error(run, library, tmp_path):
    (tmp_path / "config.json").write_text('{"architectures": ["BertModel"]}', "utf-8")
    for name, code, words in ((tmp_path / "none", 5, "no reranker at"), ("ms-marco-minilm-l6-v2", 5, "models pull"),
                              ("all-minilm-l6-v2", 2, "no reranker"), (tmp_path, 1, "scores no pairs")):
        result = run("search", "lease", "--rerank", name)
        assert (result.exit_code, result.stdout) == (code, "")
        assert words in " ".join(result.stderr.split())
    assert run("ask", "lease?", "--rerank", tmp_path / "none").exit_code == 5


def test_a_reranker_without_time_is_told(run, library, monkeypatch):
    monkeypatch.setattr("assistant.models.fake.FakeReranker.pairs_per_second", 1.0)
    result = run("search", "lease", "--rerank", "fake:")
    assert result.exit_code == 0
    assert "The reranker had no time" in result.stderr


def test_show_confidence_prints_the_confidence_and_its_signals(run, library, fitted):
    result = run("ask", "When does the lease end?", "--show-confidence")
    assert re.search(r"Confidence that your files answer this: \d+% \(refused below 50%\)\.", result.stderr)
    assert "Query-likelihood gain 80%, probability that the model refuses 0%" in result.stderr
    shown = json.loads(run("ask", "When does the lease end?", "--json").stdout)["answerability"]
    assert shown["refused_below"] == 0.5
    assert shown["confidence"] > 0.5
    assert shown["query_likelihood_gain"] == pytest.approx(0.8)


def test_fast_quotes_the_likely_sentence_without_a_chat_model(run, library, folder, monkeypatch):
    monkeypatch.setenv("ASSISTANT_CHAT", "")
    result = run("ask", "--fast", "What is the notice period?")
    assert result.exit_code == 0
    assert result.stdout.startswith("“The notice period is nine months.” [1]\n")
    assert "[1] Old mill, line 5" in result.stdout
    assert result.stdout.rstrip().endswith(str(folder / "lease.md"))
    assert "without a language model" in result.stderr


def test_fast_as_json(run, library, folder):
    result = json.loads(run("ask", "--fast", "What is the notice period?", "--json").stdout)
    assert (result["abstained"], result["model"]) == (False, "")
    assert result["sentences"] == []  # nothing was checked
    (cited,) = result["citations"]
    assert (cited["quote"], cited["path"]) == ("The notice period is nine months.", str(folder / "lease.md"))


@pytest.mark.parametrize("option", ["--strict", "--show-confidence", "--explain", "--show-sent"])
def test_fast_contradicts_what_needs_a_model(run, library, option):
    result = run("ask", "--fast", option, "What is the notice period?")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--fast asks no language model" in result.stderr


def test_fast_says_what_it_cannot_answer(run, folder):
    (folder / "bills.csv").write_text("Supplier,Amount\n" + "".join(f"Harbour Mills,{n}.50\n" for n in range(40)), "utf-8")
    run("add", folder)
    for question in ("What is the total amount of the bills?", "Summarise bills.csv", "Which files do I have?"):
        result = run("ask", "--fast", question)
        assert (result.exit_code, result.stdout) == (3, "--fast only quotes. To count, compute, list or summarize, ask without "
                                                        "--fast.\n")


def test_fast_in_a_batch(run, library, tmp_path):
    (tmp_path / "asked.jsonl").write_text('{"question": "What is the notice period?"}\n', "utf-8")
    (line,) = run("ask", "--fast", "--batch", tmp_path / "asked.jsonl").stdout.splitlines()
    assert json.loads(line)["answer"] == "“The notice period is nine months.” [1]"


def test_the_likely_sentence_is_shown_while_the_model_reads(run, library, terminal):
    assert "Most likely in [1]: “The notice period is nine months.”" in run("ask", "What is the notice period?").stderr


def test_a_model_without_a_fitted_estimate_says_so(run, library):
    result = run("ask", "When does the lease end?", "--show-confidence")
    said = " ".join(result.stderr.split())
    assert "No confidence was computed: nothing was fitted to fake:. Only its answer was checked." in said
    shown = json.loads(run("ask", "When does the lease end?", "--json").stdout)["answerability"]
    assert shown["confidence"] is None and "refused_below" not in shown


def test_a_terminal_says_under_an_answer_that_nothing_is_fitted(run, library, terminal):
    said = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", run("ask", "When does the lease end?").stderr)
    assert "no confidence: nothing is fitted to this model" in " ".join(said.split())


def test_an_answer_without_a_supported_sentence_of_such_a_model_is_refused(run, library, monkeypatch):
    monkeypatch.setattr("assistant.models.fake.nearest_sentence", lambda prompt: "Bananas grow in Ecuador [1].")
    result = run("ask", "What is the rent?")
    assert (result.exit_code, result.stdout) == (3, "Your files do not say.\n")
