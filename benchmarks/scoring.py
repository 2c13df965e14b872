"""Questions and the JSON lines that `search` or `ask` printed for them in; the scores of the run out."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TypeVar

from questions import Question
from ranking import (
    RankScores,
    Result,
    SpanScores,
    file_of,
    page_of,
    ranges_of_hits,
    score_files,
    score_pages,
    score_spans,
)
from wording import is_contained, is_exact, quote_stands, token_f1

TEXT_SUFFIXES = frozenset({".txt", ".md"})


@dataclass(frozen=True, slots=True)
class AnswerScores:
    """How well answers agree with the right ones. A refusal is an empty answer."""

    contains: float
    exact_match: float
    f1: float


@dataclass(frozen=True, slots=True)
class AbstentionScores:
    """How well refusals agree with what cannot be answered."""

    precision: float
    recall: float
    f1: float
    answerable_refused: float


@dataclass(frozen=True, slots=True)
class CitationScores:
    """Shares; None where nothing could be counted. Only answers that were given to answerable questions count.

    `cited`: answers with a citation. `file_right`: citations of a gold file. `quote_stands`: quotes that stand in the
    cited text file. `cites_gold_file`, `cites_gold_page`: cited answers with at least one citation of a gold file or
    page.
    """

    cited: float | None
    file_right: float | None
    quote_stands: float | None
    cites_gold_file: float | None
    cites_gold_page: float | None


@dataclass(frozen=True, slots=True)
class Scores:
    """All measures of one run; None where the questions and results do not allow it."""

    questions: int
    missing: int
    files: RankScores | None
    pages: RankScores | None
    spans: SpanScores | None
    answers: AnswerScores | None
    abstention: AbstentionScores | None
    citations: CitationScores | None


Means = TypeVar("Means", RankScores, SpanScores, AnswerScores)


def score_answer(question: Question, answer: str) -> AnswerScores:
    """Return the scores of one answer, the best over all right answers."""
    groups = question.answer_groups or (question.answers,)
    return AnswerScores(
        contains=float(all(any(is_contained(gold, answer) for gold in group) for group in groups)),
        exact_match=float(any(is_exact(gold, answer) for gold in question.answers)),
        f1=max(token_f1(gold, answer) for gold in question.answers),
    )


def is_refusal(result: Result) -> bool:
    """Return whether the result says that the files do not say."""
    return bool(result.get("abstained"))


def share(values: Sequence[bool]) -> float | None:
    """Return the share of true values, None where there are none."""
    return fmean(values) if values else None


def mean_of(records: Sequence[Means]) -> Means | None:
    """Return a record of the same kind with the mean of every field, None where there are no records."""
    if not records:
        return None
    names = [field.name for field in dataclasses.fields(records[0])]
    return type(records[0])(**{name: fmean(getattr(record, name) for record in records) for name in names})


def score_abstention(outcomes: Iterable[tuple[bool, bool]]) -> AbstentionScores | None:
    """Return the scores of (answerable, abstained) pairs, None where every question can be answered."""
    counts = Counter(outcomes)
    caught, let_through = counts[False, True], counts[False, False]
    refused, answered = counts[True, True], counts[True, False]
    if not caught + let_through:
        return None
    precision = caught / (caught + refused) if caught + refused else 0.0
    recall = caught / (caught + let_through)
    f1 = 2 * precision * recall / (precision + recall) if caught else 0.0
    return AbstentionScores(precision, recall, f1, refused / (refused + answered) if refused + answered else 0.0)


def hits_any(found: Iterable[object], right: Collection[object]) -> bool:
    """Return whether one of the found things is right."""
    return any(one in right for one in found)


def check_quotes(citations: Iterable[Result], corpus: Path) -> list[bool]:
    """Return for every quote of a text file in the corpus whether it stands there."""
    quoted = [(corpus / file_of(citation), citation.get("quote", "")) for citation in citations]
    checkable = [(path, quote) for path, quote in quoted if quote and path.suffix in TEXT_SUFFIXES and path.is_file()]
    return [quote_stands(quote, path.read_text("utf-8", "replace")) for path, quote in checkable]


def score_citations(pairs: Sequence[tuple[Question, Result]], corpus: Path | None) -> CitationScores | None:
    """Return the scores of the citations of (question, answer) pairs, None where there are no answers."""
    cited = [(question, result["citations"]) for question, result in pairs if result.get("citations")]
    each = [(question, citation) for question, citations in cited for citation in citations]
    if not pairs:
        return None
    return CitationScores(
        cited=len(cited) / len(pairs),
        file_right=share([file_of(citation) in question.gold_documents for question, citation in each]),
        quote_stands=share(check_quotes((citation for _, citation in each), corpus) if corpus else []),
        cites_gold_file=share(
            [hits_any(map(file_of, these), q.gold_documents) for q, these in cited if q.gold_documents]
        ),
        cites_gold_page=share([hits_any(map(page_of, these), q.pages) for q, these in cited if q.pages]),
    )


def score_results(questions: Sequence[Question], results: Mapping[str, Result], corpus: Path | None = None) -> Scores:
    """Return all scores of the results, which are known by the id of their question."""
    present = [(question, results[question.id]) for question in questions if question.id in results]
    searched = [(q, r.get("hits", [])) for q, r in present if q.answerable and q.gains]
    asked = [(question, result) for question, result in present if "answer" in result]
    answered = [(question, result) for question, result in asked if question.answerable and not is_refusal(result)]
    return Scores(
        questions=len(questions),
        missing=len(questions) - len(present),
        files=mean_of([score_files(q, hits) for q, hits in searched]),
        pages=mean_of([score_pages(q, hits) for q, hits in searched if q.pages]),
        spans=mean_of([score_spans(hits, q.spans) for q, hits in searched if q.spans and ranges_of_hits(hits)]),
        answers=mean_of(
            [score_answer(q, "" if is_refusal(r) else r["answer"]) for q, r in asked if q.answerable and q.answers]
        ),
        abstention=score_abstention((question.answerable, is_refusal(result)) for question, result in asked),
        citations=score_citations(answered, corpus),
    )
