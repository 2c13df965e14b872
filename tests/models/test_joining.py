"""Prompts that are joined from what was computed before, with a small model's real weights."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.datatypes import Message, Segment
from assistant.models.llama.chat import LlamaChat
from assistant.models.llama.chat_template import shared_prefix
from assistant.models.llama.kv_cache import Vault, beginnings_in
from assistant.models.llama.kv_reuse import Policy

pytestmark = pytest.mark.model
TEXTS = ("The lease of Suite 4B ends on 31 December 2027. The rent is 900 euros a month, payable in advance.",
         "The water connections of the heat pump are tightened with 35 Nm. Its filter is cleaned weekly.")


@pytest.fixture
def open_chat(weights: Callable[[str], Path], tmp_path: Path) -> Iterator[Callable[[bool], LlamaChat]]:
    (tmp_path / "default").mkdir(exist_ok=True)
    opened: list[LlamaChat] = []

    def open_one(joins: bool) -> LlamaChat:
        vault = Vault(tmp_path, 2**30) if joins else None
        opened.append(LlamaChat("smollm2", weights("smollm2-135m-instruct"), 2048, 0, -1, vault))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def ask(question: str, *order: int) -> tuple[Message, ...]:
    """Return a prompt with passages in this order; the first begins right behind what all prompts share."""
    read = [Segment(f"{TEXTS[place]}\n\n", reusable=True, shelf=f"default/kv/{place}") for place in order]
    segments = (*read, Segment(f"Question: {question}"))
    return (Message("system", "Answer in one short sentence, from the text."),
            Message("user", "".join(each.text for each in segments), segments))


def test_one_passage_behind_the_prefix_is_exact(open_chat) -> None:
    question = ask("When does the lease end?", 0)
    joined, exact = open_chat(True), open_chat(False)
    assert joined.count_tokens(question) == exact.count_tokens(question)
    wanted = "".join(exact.reply(question, 20))
    assert joined.make_ready(question) > 20
    assert "".join(joined.reply(question, 20)) == wanted
    joined.reply(ask("How is the filter cleaned?", 1), 1).likelihood("It")
    again = joined.reply(question, 20)
    assert "".join(again) == wanted
    assert again.prompt_tokens - again.reused_tokens < 20


def test_passages_are_joined_in_any_order_and_by_another_process(open_chat) -> None:
    open_chat(True).make_ready(ask("When does the lease end?", 0, 1))
    later = open_chat(True)
    question = ask("With how much are the connections tightened?", 1, 0)
    reply = later.reply(question, 20)
    reply.likelihood("35")
    passages = later.count_tokens(ask("", 1, 0)) - later.count_tokens(ask(""))
    assert reply.reused_tokens >= passages
    assert "35" in "".join(later.reply(question, 20))


def test_a_second_question_about_the_same_passages_computes_its_own_tokens_only(open_chat) -> None:
    chat = open_chat(True)
    "".join(chat.reply(ask("When does the lease end?", 0, 1), 5))
    second = chat.reply(ask("How much is the rent?", 0, 1), 5)
    "".join(second)
    assert second.prompt_tokens - second.reused_tokens <= chat.count_tokens((Message("user", "Question: How much is the rent?"),))


def test_a_damaged_file_costs_time_only(open_chat, tmp_path: Path) -> None:
    question = ask("When does the lease end?", 0)
    first = open_chat(True)
    first.make_ready(question)
    wanted = "".join(first.reply(question, 20))
    for file in (tmp_path / "default" / "kv").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    assert "".join(open_chat(True).reply(question, 20)) == wanted


def test_a_conversation_joins_what_was_computed_without_one(open_chat) -> None:
    chat = open_chat(True)
    chat.make_ready(ask("When does the lease end?", 0, 1))
    system, user = ask("How much is the rent?", 1, 0)
    reply = chat.reply((system, Message("user", "Hello!"), Message("assistant", "Good morning."), user), 5)
    reply.likelihood("It")
    assert reply.reused_tokens > reply.prompt_tokens / 2


def test_the_instructions_are_read_once_for_all_processes(weights: Callable[[str], Path], tmp_path: Path) -> None:
    system = Message("system", "Answer in one short sentence, from the text. Never use knowledge from elsewhere. " * 3)
    question = (system, Message("user", "The capital of France is Paris. What is the capital of France?"))
    texts, reused = [], []
    for _ in range(2):
        begins = beginnings_in(tmp_path)
        chat = LlamaChat("smollm2", weights("smollm2-135m-instruct"), 1024, 0, -1, None, begins)
        reply = chat.reply(question, 12)
        texts.append("".join(reply))
        reused.append(reply.reused_tokens)
        chat.close()
    assert texts[0] == texts[1]
    assert reused[0] == 0
    assert reused[1] > 30


def test_a_comparison_leaves_nothing_joined_behind(weights: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "default").mkdir()
    chat = LlamaChat("smollm2", weights("smollm2-135m-instruct"), 2048, 0, -1, Vault(tmp_path, 2**30), joins=False)
    question = ask("When does the lease end?", 0, 1)
    before = "".join(chat.reply(question, 12))
    full, joined = chat.compare(question, 12)
    assert full == before
    assert joined
    again = chat.reply(question, 12)
    assert "".join(again) == before
    assert again.reused_tokens == 0
    assert not chat.make_ready(question)
    chat.start_joining()
    assert "".join(chat.reply(question, 12)) == joined
    chat.close()


def test_what_is_made_ready_is_not_computed_for_a_question(open_chat) -> None:
    chat = open_chat(True)
    assert chat.make_ready(ask("", 0, 1)) > 20
    assert chat.make_ready(ask("", 1, 0)) == 0
    later = open_chat(True)
    reply = later.reply(ask("When does the lease end?", 1, 0), 5)
    reply.likelihood("It")
    passages = later.count_tokens(ask("", 1, 0)) - later.count_tokens(ask(""))
    assert reply.reused_tokens >= passages
    assert later.kept_bytes > 0


def test_what_parts_the_passages_and_their_beginnings_can_be_computed_in_their_place(open_chat) -> None:
    chat = open_chat(True)
    question = ask("With how much are the connections tightened?", 0, 1, 0)
    chat.make_ready(question)
    joiner, runs = chat._joiner, chat._template.runs(question)
    counts, likely = [], []
    for policy in (Policy(), Policy(fresh=6), Policy(exact=9)):
        joiner.policy = policy
        chat._engine.keep(0)
        counts.append(joiner.prepare(runs).computed)
        assert chat._engine.held == [token for run in runs for token in run.tokens]
        likely.append(chat._engine.probabilities())
    assert counts[0] < counts[0] + 2 * 6 == counts[1] < counts[2]
    away = [float(abs(each - likely[2]).sum()) for each in likely]
    assert away[1] != away[0]


def test_where_the_model_is_not_sure_all_is_read_in_full(open_chat, monkeypatch: pytest.MonkeyPatch) -> None:
    question = ask("When does the lease end?", 1, 0)
    wanted = "".join(open_chat(False).reply(question, 20))
    chat = open_chat(True)
    chat.make_ready(question)
    monkeypatch.setattr("assistant.models.llama.generate.SURE_TO_BEGIN", 1.1)
    reply = chat.reply(question, 20)
    assert "".join(reply) == wanted
    assert reply.reused_tokens < reply.prompt_tokens / 2
    assert reply.supposed_tokens > 0  # what was read from joined passages is counted as well
    again = chat.reply(question, 20)
    assert "".join(again) == wanted
    assert again.reused_tokens == again.prompt_tokens - 1  # what was read in full is kept


def test_it_may_become_unsure_in_mid_reply(open_chat, monkeypatch: pytest.MonkeyPatch) -> None:
    question = ask("When does the lease end?", 1, 0)
    chat = open_chat(True)
    chat.make_ready(question)
    reply = chat.reply(question, 20)
    monkeypatch.setattr(reply, "_is_sure", lambda _token, _index: not reply._said)
    pieces = iter(reply)
    first = next(pieces)
    assert reply.reused_tokens > reply.prompt_tokens / 2
    rest = "".join(pieces)
    assert reply.reused_tokens < reply.prompt_tokens / 2
    exact = open_chat(False)
    engine, tokens = exact._engine, exact._template.tokenize(question)
    engine.prefill([*tokens, *engine.vocabulary.tokenize(first, special=False)])
    assert rest.startswith(engine.vocabulary.piece(engine.sample()).decode())


def test_what_was_mostly_not_computed_before_is_read_in_full(open_chat) -> None:
    question = ask("When does the lease end?", 1, 0)
    chat = open_chat(True)
    reply = chat.reply(question, 5)
    reply.likelihood("It")
    assert chat._joiner is not None
    assert chat._joiner.is_exact
    assert chat.kept_bytes == 0


def test_less_is_asked_of_the_first_word_unless_it_is_a_number(open_chat, monkeypatch: pytest.MonkeyPatch) -> None:
    question = ask("When does the lease end?", 1, 0)
    chat = open_chat(True)
    chat.make_ready(question)
    reply = chat.reply(question, 5)
    reply.likelihood("It")
    sure = chat._engine.certainty()
    monkeypatch.setattr("assistant.models.llama.generate.SURE", sure + 0.01)
    monkeypatch.setattr("assistant.models.llama.generate.SURE_TO_BEGIN", sure - 0.01)
    word, number = (chat._engine.vocabulary.tokenize(text, special=False)[0] for text in ("The", "7"))
    assert reply._is_sure(word, -1)
    assert not reply._is_sure(number, -1)
    reply._said.append(word)
    assert not reply._is_sure(word, -1)


def test_what_follows_joined_passages_is_one_step_of_the_computation(open_chat, monkeypatch: pytest.MonkeyPatch) -> None:
    question = ask("When does the lease end?", 1, 0)
    chat = open_chat(True)
    chat.make_ready(question)
    chat.reply(question, 5).likelihood("It")
    chat._joiner.forget()
    runs, steps, decode = chat._template.runs(question), [], chat._engine._decode
    chat._engine.read(shared_prefix(runs))
    monkeypatch.setattr(chat._engine, "_decode", lambda: steps.append(1) or decode())
    assert chat._joiner.prepare(runs).joined > 20
    assert len(steps) == 1
