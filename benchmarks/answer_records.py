"""Ask one question and record the answer, its citations and its scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import Any

from answer_sets import Asked
from strict import unsupported
from wording import quote_stands

from assistant.datatypes import Answer
from assistant.evaluation.metrics import answer_words, score_answer
from assistant.text.languages import language

Record = dict[str, Any]


def record_of(asked: Asked, answer: Answer) -> Record:
    """Return all that is kept of one answer; enough to judge it again without asking again."""
    return {
        "slice": asked.slice.name, "id": asked.question.id, "question": asked.question.text, "lang": asked.question.lang,
        "expected": asked.question.expected, "answer": answer.text, "abstained": answer.abstained,
        "sentences": sentences_of(answer), "cited": cited_texts(answer), "model": answer.model, "embedder": answer.embedder,
        "prompt_version": answer.prompt_version, "doubt": asdict(answer.answerability) if answer.answerability else {},
        "metrics": score_answer(asked.question, answer) | score_more(asked, answer),
    }  # fmt: skip


def sentences_of(answer: Answer) -> list[Record]:
    """Return the sentences of an answer with the support that the program saw for each."""
    return [{"text": each.text, "numbers": list(each.numbers), "support": each.support} for each in answer.sentences]


def cited_texts(answer: Answer) -> dict[str, Record]:
    """Return what each number of an answer stands for: file, quote and the whole passage as the model read it."""
    return {str(cited.number): {"file": PurePath(cited.path).name, "quote": cited.quote,
                                "text": passage_of(answer, cited.number)} for cited in answer.citations}


def passage_of(answer: Answer, number: int) -> str:
    """Return the passage with that number, with its file's name and what stood in front of it."""
    hit = answer.hits[number - 1]
    return f"{PurePath(hit.path).stem}\n{hit.title}\n{hit.chunk.searchable}"


def score_more(asked: Asked, answer: Answer) -> dict[str, float]:
    """Return whether each quote stands in its file, and whether the answer is in the language of the question."""
    if answer.abstained:
        return {}
    stand = [quote_stands(cited.quote, Path(cited.path).read_text("utf-8", "replace")) for cited in answer.citations]
    quotes = {"quotes_verbatim": sum(stand) / len(stand)} if stand else {}
    if not asked.slice.cross:
        return quotes
    return {**quotes, "right_language": float(in_language(answer_words(answer), asked.question.lang))}


def in_language(text: str, wanted: str) -> bool:
    """Return whether the text is in the language; one without letters is in any."""
    return not any(character.isalpha() for character in text) or language(text) == wanted


def full_sentences(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Return each sentence that the program calls fully supported, with the text of the passages that it cites."""
    return [(sentence["text"], "\n".join(record["cited"][str(number)]["text"] for number in sentence["numbers"]))
            for record in records for sentence in record["sentences"] if sentence["support"] == "full" and sentence["numbers"]]


def strict_failures(records: Sequence[Record], sample: int) -> tuple[int, list[tuple[str, list[str]]]]:
    """Return how many sentences were checked, at most `sample`, and those in which something is not in what they cite."""
    import random

    sentences = full_sentences(records)
    random.Random(7).shuffle(sentences)
    checked = [(text, unsupported(text, source)) for text, source in sentences[:sample]]
    return len(checked), [(text, missing) for text, missing in checked if missing]


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Add one record to the file, whole or not at all: a killed run leaves at most half a last line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as opened:
        opened.write(json.dumps(record, ensure_ascii=False) + "\n")


def read_records(path: Path) -> list[Record]:
    """Return the records in the file; a last line that was cut off is dropped from it, so that the next one is whole."""
    if not path.exists():
        return []
    content = path.read_text("utf-8")
    whole = content[: content.rfind("\n") + 1]
    if whole != content:
        path.write_text(whole, "utf-8")
    return [json.loads(line) for line in whole.splitlines()]
