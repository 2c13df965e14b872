import threading

import numpy as np
import pytest

from assistant.datatypes import Message, ScoredText
from assistant.errors import ContextOverflow
from assistant.models.fake import FakeChat, FakeEmbedder


def test_texts_that_share_words_are_near() -> None:
    embedder = FakeEmbedder()
    question = embedder.embed_question("notice period of the lease")
    near, far = embedder.embed_passages(["The notice period is ninety days.", "Clean the filter weekly."])
    assert question @ near > question @ far
    assert np.linalg.norm(near) == pytest.approx(1)


def test_the_chat_copies_the_nearest_sentence_with_its_number() -> None:
    chat = FakeChat()
    prompt = ("[1] a.txt\n<passage>\nThe rent is 900.\n</passage>\n\n[2] b.txt\n<passage>\nThe notice is 90 days. "
              "Cats sleep.\n</passage>\n\nQuestion: how long is the notice")
    reply = chat.reply([Message("user", prompt)], 50)
    assert "".join(reply) == "The notice is 90 days. [2]"
    assert reply.generated_tokens == 6


def test_a_prompt_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ContextOverflow):
        FakeChat(context_tokens=10).reply([Message("user", "word " * 20)], 5)


def test_passages_foretell_a_question_where_the_verdict_is_yes() -> None:
    passage = Message("user", "[1] a.txt\n<passage>\nThe rent is 900 euros.\n</passage>\n\nAsk.")
    candidates = (ScoredText((passage,), "What is the rent?"), ScoredText((Message("user", "Ask."),), "What is the rent?"))
    with_it, without = FakeChat().reply((passage,), 10, candidates).log_likelihoods()
    assert without < with_it < 0
    with_it, without = FakeChat(verdict="No").reply((passage,), 10, candidates).log_likelihoods()
    assert with_it == without


def test_the_chat_stops_in_the_middle_of_a_reply() -> None:
    stop = threading.Event()
    reply = FakeChat(replies=["one two three four"], should_stop=stop.is_set).reply([Message("user", "count")], 50)
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        for piece in reply:
            said.append(piece)
            if len(said) == 2:
                stop.set()
    assert said == ["one ", "two "]


def test_the_chat_reads_no_prompt_that_it_is_to_stop() -> None:
    chat = FakeChat(should_stop=lambda: True)
    asked = [Message("user", "a")]
    for compute in (lambda: chat.reply(asked, 5).likelihood("A"), lambda: chat.reply(asked, 5).log_likelihoods()):
        with pytest.raises(KeyboardInterrupt):
            compute()
