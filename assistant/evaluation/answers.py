"""Metrics of one answer: refusal, answer words, citations, support, and times."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from assistant.datatypes import Answer, Citation
from assistant.evaluation.dataset import Question, matching_document, page_of
from assistant.text.languages import CJK

Metrics = dict[str, float]

MARKERS = re.compile(r"\s*\[\d+\]")
ARTICLE = re.compile(r"\b(?:a|an|the)\b")
NOT_A_WORD = re.compile(r"\W+")
TOKEN = re.compile(rf"[{CJK}]|[^\W{CJK}]+")


def score_answer(question: Question, answer: Answer) -> Metrics:
    """Return the metrics that apply to this question; shares from 0 to 1, times in seconds."""
    return {**score_refusal(question, answer), **score_words(question, answer), **score_citations(question, answer),
            **score_support(answer), **score_times(answer)}


def score_refusal(question: Question, answer: Answer) -> Metrics:
    """Return the refusal metrics: abstention precision and recall, and refusals of answerable questions."""
    metrics = {"answerable_refused" if question.answerable else "abstention_recall": float(answer.abstained)}
    return {**metrics, "abstention_precision": float(not question.answerable)} if answer.abstained else metrics


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
        right = [is_on_right_page(cited, question) for cited in answer.citations]
        metrics |= {"cites_gold_page": float(any(right)), "page_citation_precision": fraction_true(right)}
    if question.spans:
        metrics["span_citation_precision"] = fraction_true([is_on_right_span(cited, question) for cited in answer.citations])
    return metrics


def is_on_right_page(cited: Citation, question: Question) -> bool:
    """Return True if a citation is of a gold page."""
    return page_of(cited.path, cited.location, {document for document, _ in question.pages}) in question.pages


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


def score_times(answer: Answer) -> Metrics:
    """Return the seconds to the first token, if the model was called, and in total."""
    first = answer.timings.first_token_ms
    return {**({} if first is None else {"first_token_seconds": first / 1000}), "total_seconds": answer.timings.total_ms / 1000}


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
