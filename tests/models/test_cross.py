"""A cross-encoder of no weight to speak of, taught by the test in a second or two to count the words that both texts share."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.errors import ModelMissing, ModelUnusable
from assistant.models.cross_encoder import PACE_FILE, Throughput, load_throughput, speed_key
from assistant.models.open import ModelSpec, open_reranker

NOUNS = "lease rent pump milk filter boiler".split()
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *NOUNS, "the", "is", "what", "?"]


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a BERT with one layer that knows when question and passage name the same thing."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("cross")
    words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]",
                                        sep_token="[SEP]", model_max_length=32,
                                        model_input_names=["input_ids", "token_type_ids", "attention_mask"])
    torch.manual_seed(3)
    model = BertForSequenceClassification(BertConfig(
        vocab_size=len(WORDS), hidden_size=64, num_hidden_layers=1, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=32, num_labels=1, initializer_range=0.1, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0))
    pairs = [(f"what is the {one} ?", f"the {other} is the {other}", float(one == other)) for one in NOUNS for other in NOUNS]
    batch = tokenizer([pair[0] for pair in pairs], [pair[1] for pair in pairs], padding=True, return_tensors="pt",
                      return_token_type_ids=True)
    wanted = torch.tensor([pair[2] for pair in pairs])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(80):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            model(**batch).logits[:, 0], wanted, pos_weight=torch.tensor(5.0))
        loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_it_knows_which_passage_is_wanted(cross_encoder: Path):
    reranker = open_reranker(ModelSpec("tiny", cross_encoder))
    passages = [f"the {noun} is the {noun}" for noun in NOUNS]
    for number, noun in enumerate(NOUNS):
        scores = reranker.score(f"what is the {noun} ?", passages)
        assert scores.shape == (len(NOUNS),)
        assert scores.argmax() == number
        assert scores.min() < 0 < scores.max()  # log-odds, not squeezed into 0 to 1
    assert reranker.name == "tiny"
    assert reranker.score("what ?", []).shape == (0,)


def test_scores_do_not_depend_on_what_stands_beside(cross_encoder: Path):
    reranker = open_reranker(ModelSpec("tiny", cross_encoder))
    together = reranker.score("what is the pump ?", ["the pump", "the rent is the rent is the rent"])
    assert reranker.score("what is the pump ?", ["the pump"])[0] == pytest.approx(together[0], abs=1e-4)


def test_the_pace_is_kept_beside_the_model_and_corrected_at_each_start(cross_encoder: Path):
    assert open_reranker(ModelSpec("tiny", cross_encoder)).pairs_per_second > 0
    kept = json.loads((cross_encoder / ".pace.json").read_text("utf-8"))
    (cross_encoder / ".pace.json").write_text(json.dumps({**kept, "pairs_per_second": 7.0}), "utf-8")
    assert 7.0 < open_reranker(ModelSpec("tiny", cross_encoder)).pairs_per_second <= 8.0  # what is seen counts for an eighth


def test_the_fingerprint_is_that_of_the_weights(cross_encoder: Path):
    one, other = (open_reranker(ModelSpec(name, cross_encoder)) for name in ("one", "other"))
    assert one.fingerprint == other.fingerprint


def test_an_embedding_model_is_refused_since_it_has_no_head_for_scores(small_model: Callable[..., Path]):
    with pytest.raises(ModelUnusable, match="BertModel, which scores no pairs") as caught:
        open_reranker(ModelSpec("small", small_model()))
    assert '--rerank ""' in caught.value.hint


def test_a_folder_that_is_not_there_or_empty_or_damaged(tmp_path: Path, cross_encoder: Path):
    with pytest.raises(ModelMissing):
        open_reranker(ModelSpec("none", tmp_path / "none"))
    with pytest.raises(ModelUnusable, match=r"no config\.json"):
        open_reranker(ModelSpec("empty", tmp_path))
    (tmp_path / "config.json").write_bytes((cross_encoder / "config.json").read_bytes())
    with pytest.raises(ModelUnusable, match="is not a reranker that can be loaded"):
        open_reranker(ModelSpec("cut", tmp_path))


def test_a_pace_follows_what_happens(tmp_path: Path):
    pace = Throughput(tmp_path, "here")
    assert not pace.is_known
    pace.note(16, 1.0)
    assert pace.pairs_per_second == pytest.approx(16)
    for _ in range(20):
        pace.note(32, 1.0)
    assert pace.pairs_per_second == pytest.approx(32, rel=0.01)
    assert Throughput(tmp_path, "here").pairs_per_second == pytest.approx(32, rel=0.11)
    assert not Throughput(tmp_path, "elsewhere").is_known


def test_a_damaged_pace_is_measured_anew(tmp_path: Path):
    for content in ("", "[]", '{"situation": "here"}', '{"situation": "here", "pairs_per_second": "fast"}'):
        (tmp_path / PACE_FILE).write_text(content, "utf-8")
        assert load_throughput(tmp_path, "here") == 0.0


def test_another_device_is_another_situation():
    assert len({speed_key("model", "cpu"), speed_key("model", "cuda:0"), speed_key("other", "cpu")}) == 3
