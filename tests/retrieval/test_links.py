from assistant.datatypes import Chunk, Location
from assistant.index import StoredChunk
from assistant.retrieval.feedback import boost_named_files, distinctive_titles, is_distinctive, spaced_words
from assistant.retrieval.fusion import rank_by_score


def passage(number: int, title: str, text: str, path: str = "") -> StoredChunk:
    return StoredChunk(number, path or f"/{number}.md", title, Chunk(text, Location(1, 1, 0, len(text))))


PROTOCOLS = passage(1, "Rome Protocols", "They were signed by Engelbert Dollfuss of Austria.")
LIST = passage(2, "List of ministers", "This is a list of prime ministers.")
DOLLFUSS = passage(3, "Engelbert Dollfuss (chancellor)", "He was killed in July 1934.")
FOUND = {one.chunk_id: one for one in (PROTOCOLS, LIST, DOLLFUSS)}


def test_a_file_that_the_best_passage_names_follows_it() -> None:
    assert rank_by_score(boost_named_files({1: 40.0, 2: 30.0, 3: 20.0}, FOUND)) == [1, 3, 2]


def test_what_is_named_never_passes_what_names_it() -> None:
    raised = boost_named_files({1: 40.0, 2: 30.0, 3: 39.0}, FOUND)
    assert 39.0 < raised[3] < raised[1]


def test_a_passage_far_behind_names_nothing_that_counts() -> None:
    raised = boost_named_files({2: 80.0, 1: 20.0, 3: 10.0}, FOUND)
    assert raised[3] - 10.0 < 0.01


def test_a_name_that_several_files_bear_leads_nowhere() -> None:
    others = {**FOUND, 4: passage(4, "Engelbert Dollfuss", "He was born in 1892.")}
    scores = {1: 40.0, 2: 30.0, 3: 20.0, 4: 10.0}
    assert boost_named_files(scores, others) == scores


def test_only_the_best_passage_of_the_named_file_is_raised() -> None:
    more = passage(4, DOLLFUSS.title, "He studied law.", DOLLFUSS.path)
    raised = boost_named_files({1: 40.0, 2: 30.0, 3: 20.0, 4: 10.0}, {**FOUND, 4: more})
    assert raised[3] > 30.0
    assert raised[4] == 10.0


def test_a_chinese_title_is_found_inside_a_run_of_characters() -> None:
    found = [passage(1, "条约", "条约由陶尔斐斯签署。"), passage(2, "名单", "总理名单。"), passage(3, "陶尔斐斯", "他遇刺。")]
    assert rank_by_score(boost_named_files({1: 40.0, 2: 30.0, 3: 20.0}, {one.chunk_id: one for one in found})) == [1, 3, 2]


def test_common_words_are_no_names() -> None:
    assert not any(is_distinctive(spaced_words(title)) for title in ("notes", "年报", ""))
    assert all(is_distinctive(spaced_words(title)) for title in ("a b", "Maxillaria", "北京市"))
    assert distinctive_titles([passage(1, "Notes", "x"), passage(2, "report_2021", "x")]) == {"/2.md": " report 2021 "}


def test_nothing_found_is_nothing() -> None:
    assert boost_named_files({}, {}) == {}
