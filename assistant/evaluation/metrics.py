"""Metrics of one question: ranking of files, pages and spans; refusal, answer words, citations, support and times.

nDCG after Järvelin and Kekäläinen (2002), with linear gains.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from assistant.datatypes import Answer, Citation, Hit, Location
from assistant.evaluation.dataset import Place, Question, matching_document, page_of
from assistant.text.languages import CJK

Item = TypeVar("Item")

DEPTH = 10
Metrics = dict[str, float]
Range = tuple[int, int]
Ranges = Mapping[str, Sequence[Range]]
SPAN_DEPTH = 5  # hits that count for span metrics


@dataclass(frozen=True, slots=True)
class RankScores:
    """Scores of one ranking, each from 0 to 1."""

    recall_at_1: float
    recall_at_5: float
    recall_at_10: float
    ndcg_at_10: float
    mrr_at_10: float


def unique_in_order(items: Iterable[Item]) -> list[Item]:
    """Return the items without repetitions, in order."""
    return list(dict.fromkeys(items))


def discounted_gain(gains: Sequence[float]) -> float:
    """Return the DCG at DEPTH: the sum of gains, each divided by log2(rank + 1)."""
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains[:DEPTH], start=1))


def score_ranking(ranking: Sequence[Item], gains: Mapping[Item, float]) -> RankScores:
    """Return the scores of distinct items in rank order; `gains` holds every relevant item and is not empty."""
    ideal = sorted(gains.values(), reverse=True)
    right_ranks = [rank for rank, item in enumerate(ranking, start=1) if item in gains]

    def recall(depth: int) -> float:
        return sum(rank <= depth for rank in right_ranks) / len(gains)

    return RankScores(
        recall_at_1=recall(1),
        recall_at_5=recall(5),
        recall_at_10=recall(10),
        ndcg_at_10=discounted_gain([gains.get(item, 0.0) for item in ranking]) / discounted_gain(ideal),
        mrr_at_10=1 / right_ranks[0] if right_ranks and right_ranks[0] <= DEPTH else 0.0,
    )


def score_hits(question: Question, hits: Sequence[Hit]) -> Metrics:
    """Return the ranking metrics over files, pages and spans for which the question has gold data."""
    if not has_gold_files(question):
        return {}
    gains = dict(question.gains)
    metrics = asdict(score_ranking(unique_in_order(matching_document(path, gains) for path, _ in hit_locations(hits)), gains))
    if question.pages:
        documents = {document for document, _ in question.pages}
        pages = unique_in_order(page_of(path, location, documents) for path, location in hit_locations(hits))
        right: dict[Place, float] = dict.fromkeys(question.pages, 1.0)
        of_pages = asdict(score_ranking(pages, right))
        metrics |= {f"page_{name}": value for name, value in of_pages.items()}
    if question.spans:
        metrics |= {f"span_{name}": value for name, value in asdict(score_characters(question, hits)).items()}
    return metrics


def hit_locations(hits: Sequence[Hit]) -> Iterator[tuple[str, Location]]:
    """Yield the path and location of each hit, each followed by those of its near-duplicates."""
    for hit in hits:
        yield hit.path, hit.chunk.location
        yield from hit.also


def has_gold_files(question: Question) -> bool:
    """Return True if the question has gold files."""
    return question.answerable and bool(question.gains)


def score_characters(question: Question, hits: Sequence[Hit]) -> SpanScores:
    """Return span recall and precision of the first SPAN_DEPTH hits."""
    wanted: dict[str, list[Range]] = {}
    for span in question.spans:
        wanted.setdefault(span.document, []).append((span.start, span.end))
    shown: dict[str, list[Range]] = {}
    for hit in hits[:SPAN_DEPTH]:
        place = hit.chunk.location
        shown.setdefault(matching_document(hit.path, wanted), []).append((place.char_start, place.char_end))
    return score_spans(shown, wanted)


@dataclass(frozen=True, slots=True)
class SpanScores:
    """Share of the gold characters that were retrieved (recall), and of the retrieved ones that are gold (precision)."""

    recall: float
    precision: float


def score_spans(shown: Ranges, wanted: Ranges) -> SpanScores:
    """Return the scores of half-open character ranges by file. Overlapping gold ranges count separately in recall."""
    ground = {document: merge_ranges(ranges) for document, ranges in shown.items()}
    covered = sum(shared_length(ground.get(document, []), ranges) for document, ranges in wanted.items())
    right = sum(shared_length(ground.get(document, []), merge_ranges(ranges)) for document, ranges in wanted.items())
    length_wanted, length_shown = total_length(wanted), total_length(ground)
    return SpanScores(covered / length_wanted if length_wanted else 0.0, right / length_shown if length_shown else 0.0)


def merge_ranges(ranges: Iterable[Range]) -> list[Range]:
    """Return the union of the ranges as sorted, disjoint ranges."""
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def shared_length(merged: Iterable[Range], others: Sequence[Range]) -> int:
    """Return the number of characters that each of the other ranges shares with the merged ranges, summed."""
    return sum(max(0, min(a_end, b_end) - max(a, b)) for a, a_end in merged for b, b_end in others)


def total_length(ranges: Ranges) -> int:
    """Return the summed length of all ranges."""
    return sum(end - start for of_file in ranges.values() for start, end in of_file)


MARKERS = re.compile(r"\s*\[\d+\]")
ARTICLE = re.compile(r"\b(?:a|an|the)\b")
NOT_A_WORD = re.compile(r"\W+")
TOKEN = re.compile(rf"[{CJK}]|[^\W{CJK}]+")


def score_answer(question: Question, answer: Answer) -> Metrics:
    """Return the metrics that apply to this question; shares from 0 to 1, times in seconds."""
    refusal = {"answerable_refused" if question.answerable else "abstention_recall": float(answer.abstained)}
    precision = {"abstention_precision": float(not question.answerable)} if answer.abstained else {}
    first = answer.timings.first_token_ms
    times = {**({} if first is None else {"first_token_seconds": first / 1000}), "total_seconds": answer.timings.total_ms / 1000}
    return {**refusal, **precision, **score_words(question, answer), **score_citations(question, answer),
            **score_support(answer), **times}


def score_words(question: Question, answer: Answer) -> Metrics:
    """Return containment, exact match and token F1, the best over all gold answers. A refusal counts as an empty answer."""
    groups = question.answer_groups or ((question.answers,) if question.answers else ())
    right = question.answers or tuple(gold for group in groups for gold in group)
    if not (question.answerable and right):
        return {}
    text = answer_words(answer)
    return {
        "contains": float(all(any(is_contained(gold, text) for gold in group) for group in groups)),
        "exact_match": float(any(is_exact(gold, text) for gold in right)),
        "f1": max(token_f1(gold, text) for gold in right),
    }


def answer_words(answer: Answer) -> str:
    """Return the words of an answer without citation marks, whose numbers would count as words; "" for a refusal."""
    return "" if answer.abstained else MARKERS.sub("", answer.text)


def score_citations(question: Question, answer: Answer) -> Metrics:
    """Return whether a given answer has citations, and the share of them with a gold file, page or span."""
    if answer.abstained or not question.answerable:
        return {}
    metrics = {"cited": float(bool(answer.citations))}
    if not answer.citations:
        return metrics
    if gold := question.gold_documents:
        right = [matching_document(cited.path, gold) in gold for cited in answer.citations]
        metrics |= {"cites_gold_file": float(any(right)), "citation_precision": fraction_true(right)}
    if question.pages:
        documents = {document for document, _ in question.pages}
        right = [page_of(cited.path, cited.location, documents) in question.pages for cited in answer.citations]
        metrics |= {"cites_gold_page": float(any(right)), "page_citation_precision": fraction_true(right)}
    if question.spans:
        metrics["span_citation_precision"] = fraction_true([is_on_right_span(cited, question) for cited in answer.citations])
    return metrics


def is_on_right_span(cited: Citation, question: Question) -> bool:
    """Return True if a citation overlaps a gold span."""
    document = matching_document(cited.path, {span.document for span in question.spans})
    place = cited.location
    return any(span.document == document and place.char_start < span.end and span.start < place.char_end
               for span in question.spans)


def fraction_true(values: list[bool]) -> float:
    """Return the share of true values."""
    return sum(values) / len(values)


def score_support(answer: Answer) -> Metrics:
    """Return the share of an answer's sentences with full support, if the program checked it."""
    sentences = () if answer.abstained else answer.sentences
    return {"support_rate": fraction_true([sentence.support == "full" for sentence in sentences])} if sentences else {}


def normalise(text: str) -> str:
    """Return the text in lower case without English articles and punctuation, words separated by single spaces."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return NOT_A_WORD.sub(" ", ARTICLE.sub(" ", folded)).strip()


def tokenize(text: str) -> list[str]:
    """Return the normalised words, with every CJK character as a word."""
    return TOKEN.findall(normalise(text))


def is_contained(gold: str, answer: str) -> bool:
    """Return True if the gold answer's tokens occur consecutively in the answer."""
    wanted, given = tokenize(gold), tokenize(answer)
    starts = range(len(given) - len(wanted) + 1)
    return bool(wanted) and any(given[start : start + len(wanted)] == wanted for start in starts)


def token_f1(gold: str, answer: str) -> float:
    """Return the harmonic mean of token precision and recall, from 0 to 1."""
    wanted, given = tokenize(gold), tokenize(answer)
    shared = (Counter(wanted) & Counter(given)).total()
    return 2 * shared / (len(wanted) + len(given)) if shared else 0.0


def is_exact(gold: str, answer: str) -> bool:
    """Return True if both have the same tokens."""
    return tokenize(gold) == tokenize(answer)
