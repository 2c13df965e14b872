"""The encoder without torch against sentence-transformers, on a small model of random numbers; needs no fetched weights."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assistant.datatypes import Embedder
from assistant.models.device_choice import SAMPLE, VariantChoice, load_choice, machine_hash, store_choice
from assistant.models.openvino_embedder import CACHED_QUESTIONS, EncoderEmbedder
from assistant.models.openvino_graph import load_library, processor
from assistant.models.sentence_transformers import SentenceEmbedder, fingerprint, open_fastest

pytest.importorskip("openvino")
pytest.importorskip("sentence_transformers")
ROOT = Path(__file__).parents[2]
PROMPTS = ("milk ", "notice ")
SmallModel = Callable[..., Path]


def here(folder: Path) -> str:
    return machine_hash(fingerprint(folder, *PROMPTS), processor(load_library())[0])


@pytest.mark.parametrize("settings", [
    {}, {"pooling": "cls_token"}, {"model_type": "xlm-roberta", "pad_token_id": 0, "architectures": ["XLMRobertaModel"]},
], ids=["mean", "first", "xlm-roberta"])
def test_vectors_are_those_of_sentence_transformers(small_model: SmallModel, settings: dict[str, object]) -> None:
    folder = small_model(**settings)
    reference = SentenceEmbedder("small", folder, *PROMPTS)
    embedder = EncoderEmbedder("small", folder, PROMPTS, reference.fingerprint, "f32")
    assert embedder.dimension == reference.dimension
    assert embedder.count_tokens(SAMPLE) == reference.count_tokens(SAMPLE)
    assert [embedder.coverage(text) for text in SAMPLE] == [reference.coverage(text) for text in SAMPLE]
    assert embedder.embed_passages(SAMPLE) == pytest.approx(reference.embed_passages(SAMPLE), abs=1e-4)
    assert embedder.embed_question("the lease") == pytest.approx(reference.embed_question("the lease"), abs=1e-4)


def test_int8_is_near_and_reads_questions_in_full(small_model: SmallModel) -> None:
    folder = small_model()
    exact = EncoderEmbedder("small", folder, PROMPTS, "", "f32")
    rounded = EncoderEmbedder("small", folder, PROMPTS, "", "int8")
    assert (exact.embed_passages(SAMPLE) * rounded.embed_passages(SAMPLE)).sum(axis=1).min() > 0.98
    assert rounded.embed_question("milk") == pytest.approx(exact.embed_question("milk"), abs=1e-5)


@pytest.mark.parametrize("make", [lambda folder: EncoderEmbedder("small", folder, PROMPTS, "", "f32"),
                                  lambda folder: SentenceEmbedder("small", folder, *PROMPTS)])
def test_the_vectors_of_the_last_questions_are_kept(small_model: SmallModel, make: Callable[[Path], Embedder]) -> None:
    embedder = make(small_model())
    first = embedder.embed_question("milk")
    assert np.shares_memory(embedder.embed_question("milk"), first)
    for number in range(CACHED_QUESTIONS):
        embedder.embed_question(str(number))
    again = embedder.embed_question("milk")
    assert not np.shares_memory(again, first) and np.allclose(again, first)


def test_nothing_makes_an_empty_matrix(small_model: SmallModel) -> None:
    embedder = EncoderEmbedder("small", small_model(), PROMPTS, "", "f32")
    assert embedder.embed_passages([]).shape == (0, 32)
    assert embedder.count_tokens([]) == []


def test_the_first_start_chooses_and_the_next_remembers(small_model: SmallModel, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small_model()
    first = open_fastest("small", folder, PROMPTS)
    choice = load_choice(folder, here(folder))
    assert choice is not None
    assert choice.found["f32"].startswith("least cosine 1.0000")
    monkeypatch.setattr("assistant.models.sentence_transformers.race_variants", lambda *_: pytest.fail("chosen twice"))
    second = open_fastest("small", folder, PROMPTS)
    assert first.engine == second.engine
    assert first.fingerprint == second.fingerprint == fingerprint(folder, *PROMPTS)
    assert np.allclose(first.embed_question("milk"), second.embed_question("milk"))


def test_a_model_that_is_not_known_runs_by_sentence_transformers(small_model: SmallModel) -> None:
    embedder = open_fastest("small", small_model(pooling="max_tokens"), PROMPTS)
    assert embedder.engine == "sentence-transformers"
    assert embedder.embed_question("milk").shape == (32,)


def test_a_question_needs_no_torch_and_reports_to_nobody(small_model: SmallModel) -> None:
    folder = small_model()
    store_choice(folder, here(folder), VariantChoice("f32", "for this test"))
    program = ("import sys; from pathlib import Path; from assistant.models.open import ModelSpec, open_embedder\n"
               f"embedder = open_embedder(ModelSpec('small', Path({str(folder)!r}), *{PROMPTS!r}))\n"
               "assert embedder.embed_question('milk').shape == (32,)\n"
               "loaded = {name.split('.')[0] for name, module in sys.modules.items() if module}\n"
               "import openvino.tools.ovc  # what would report\n"
               "loaded |= {'openvino_telemetry'} & {name for name, module in sys.modules.items() if module}\n"
               "print(embedder.engine, *sorted(loaded & {'torch', "
               "'transformers', 'sentence_transformers', 'openvino_telemetry', 'requests'}))")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == ["OpenVINO", "f32"]
