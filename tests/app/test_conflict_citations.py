"""The citations of a contradiction have the numbers of the passages that the model read, whatever order the search had."""

from pathlib import Path

import pytest

from assistant import Assistant, Settings
from assistant.datatypes import Turn

FIRST = "What is the monthly rent of the Harlow office?"
SECOND = "What is the monthly rent of the Harlow office in euros?"
FILES = {
    "contract.md": "The monthly rent of the Harlow office is 900 euros.",
    "addendum.md": "The monthly rent of the Harlow office is 950 euros.",
    "parking.md": "A parking space at the Harlow office costs 40 euros.",
}


@pytest.mark.parametrize("read_first", FILES)
def test_a_contradiction_cites_the_passages_that_were_read(tmp_path: Path, read_first: str) -> None:
    """In a conversation the passages keep the order of the last prompt, not that of the search."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(f"{text}\n", "utf-8")
    with Assistant(Settings(home=tmp_path / "home", embed="fake:", chat="fake:", engine="off")) as assistant:
        assistant.add([tmp_path])
        hits = assistant.search(FIRST).hits
        order = sorted(hits, key=lambda hit: not hit.path.endswith(read_first))
        assistant._models.orders.keep((FIRST,), order)
        answer = assistant.ask(SECOND, [Turn(FIRST, "It is in the files.")]).answer
    (conflict,) = answer.conflicts
    assert {Path(side.citation.path).name for side in conflict.sides} == {"contract.md", "addendum.md"}
    cited = {citation.number: citation.path for citation in answer.citations}
    assert [cited[side.citation.number] for side in conflict.sides] == [side.citation.path for side in conflict.sides]
    assert len({side.citation.number for side in conflict.sides}) == 2
    for number, path in cited.items():
        assert order[number - 1].path == path  # the passages were read in this order
