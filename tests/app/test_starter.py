"""The whole road with the starter models, over the example files."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant import Assistant, Settings

pytestmark = pytest.mark.model
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, weights: Callable[[str], Path]) -> Iterator[Assistant]:
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        chat=str(weights("qwen2.5-coder-1.5b-instruct")),
        embed=str(weights("all-minilm-l6-v2")),
    )
    with Assistant(settings) as opened:
        assert opened.add([EXAMPLES]).failed == ()
        yield opened


@pytest.mark.parametrize(("question", "answer", "file"), [
    ("What is the tightening torque of the water connections of the HP40?", "35", "heat-pump-hp40.md"),
    ("根据采购合同，乙方逾期交货的，每逾期一日支付多少违约金？", "千分之三", "采购合同.md"),
])
def test_an_answer_and_its_place(assistant: Assistant, question: str, answer: str, file: str) -> None:
    given = assistant.ask(question).answer
    assert answer in given.text
    assert not given.abstained
    cited = next(citation for citation in given.citations if Path(citation.path).name == file)
    lines = (EXAMPLES / Path(cited.path).parent.name / file).read_text("utf-8").splitlines()
    place = cited.location
    assert cited.quote == "\n".join(lines[place.line_start - 1 : place.line_end]).strip() or cited.quote in "\n".join(
        lines[place.line_start - 1 : place.line_end]
    )


def test_a_page_of_a_pdf_is_cited(assistant: Assistant) -> None:
    given = assistant.search("After how many working days does the landlord's consent to an alteration count as given?")
    best = given.hits[0]
    assert (Path(best.path).name, best.chunk.location.page) == ("office-lease.pdf", 3)


def test_what_the_files_do_not_say_is_refused(assistant: Assistant) -> None:
    assert assistant.ask("Who won the football world cup in 2010?").answer.abstained


def test_the_system_text_is_computed_once(assistant: Assistant) -> None:
    assistant.ask("What is the tightening torque of the water connections?").answer  # noqa: B018 - waits for it
    assert assistant.ask("What does the HP40 weigh?").answer.timings.reused_tokens > 50


def test_nothing_goes_over_the_network(assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[object] = []
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, lambda *arguments: reached.append(arguments))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **_: reached.append(arguments))
    (tmp_path / "note.txt").write_text("The spare key hangs behind the boiler.", "utf-8")
    assert assistant.add([tmp_path / "note.txt"]).embedded == 1
    assert "boiler" in assistant.ask("Where does the spare key hang?").answer.text
    assert reached == []
