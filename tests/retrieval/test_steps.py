from assistant.datatypes import Chunk, Hit, Location
from assistant.retrieval.postprocess import drop_duplicates, drop_unrelated, group_near_duplicates

LONG = "The tenant may end the contract with a notice of three months, in writing, to the end of any quarter of the year."


def hit(number: int, text: str, keyword: float | None = 1.0, cosine: float | None = 0.5) -> Hit:
    location = Location(line_start=1, line_end=1, char_start=0, char_end=len(text))
    return Hit(number, f"/{number}.txt", "", Chunk(text, location), 1.0 / number, 1, keyword, 1, cosine)


def test_a_copy_is_one_passage() -> None:
    assert [found.chunk_id for found in drop_duplicates("", [hit(1, "one\ntwo"), hit(2, "one  two")])] == [1]


def test_nearly_the_same_text_is_one_passage_and_names_its_other_places() -> None:
    copy = LONG.replace(" quarter of the year.", " quarter of the year!")
    groups = group_near_duplicates([hit(1, LONG), hit(2, "Something else altogether."), hit(3, copy)])
    assert [[found.chunk_id for found in group] for group in groups] == [[1, 3], [2]]


def test_lines_of_one_form_with_other_numbers_are_kept_apart() -> None:
    assert len(drop_duplicates("", [hit(1, "Invoice 4711 of May 2021"), hit(2, "Invoice 4712 of May 2021")])) == 2


def test_chinese_is_compared_by_its_characters() -> None:
    text = "租客可以提前三个月书面通知房东解除合同,但须在每季度末之前送达,逾期则顺延至下一季度末。"
    assert len(drop_duplicates("", [hit(1, text), hit(2, text.replace("。", "！"))])) == 1


def test_what_shares_nothing_with_the_question_is_dropped() -> None:
    hits = [hit(1, "a", None, 0.05), hit(2, "b", None, 0.4), hit(3, "c", 2.0, 0.0)]
    assert [found.chunk_id for found in drop_unrelated("", hits)] == [2, 3]
