"""BM25 against a weight that was computed by hand, and the order of files."""

import pytest
from baseline import build_index, rank_files, read_corpus, score_baseline, terms_of
from questions import Question


def test_terms_are_words_and_pairs_of_cjk_characters():
    assert terms_of("The HP40: 违约金 3 日") == ["the", "hp40", "违约", "约金", "3", "日"]


def test_the_weight_of_a_term():
    index = build_index({"a": "bolt bolt nut", "b": "nut"})
    # mean length 2; rarity ln(1 + 1.5/1.5) = 0.693147; dampening 1.2 * (0.25 + 0.75 * 1.5) = 1.65
    # 0.693147 * 2 * 2.2 / (2 + 1.65) = 0.835575
    assert index["bolt"][0].weight == pytest.approx(0.835575, abs=1e-6)


def test_the_file_with_the_rare_word_comes_first():
    index = build_index({"a": "torque of the nut", "b": "colour of the nut", "c": "of the of the"})
    assert rank_files(index, "torque of nut") == ["a", "b", "c"]
    assert rank_files(index, "torque of nut", depth=1) == ["a"]
    assert rank_files(index, "unknown") == []


def test_the_baseline_scores_a_folder(tmp_path):
    (tmp_path / "a.md").write_text("torque 35", "utf-8")
    (tmp_path / "b.txt").write_text("扭矩", "utf-8")
    question = Question("q", "扭矩是多少", answerable=True, gains=(("b.txt", 1),))
    assert sorted(read_corpus(tmp_path)) == ["a.md", "b.txt"]
    assert score_baseline(tmp_path, [question]).recall_at_1 == 1


def test_a_folder_without_text_has_no_baseline(tmp_path):
    assert score_baseline(tmp_path, [Question("q", "?", answerable=True, gains=(("b.pdf", 1),))]) is None
