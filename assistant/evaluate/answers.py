"""A question and the answer to it in; the metrics of the answer out."""

from __future__ import annotations

from assistant.datatypes import Answer
from assistant.evaluate.gold import known_as, page_of
from assistant.evaluate.questions import Question
from assistant.evaluate.wording import is_contained, token_f1

Metrics = dict[str, float]


def score_answer(question: Question, answer: Answer) -> Metrics:
    """Return the metrics that this question counts for; each is 0 or 1, but for F1."""
    return {**score_abstention(question, answer), **score_words(question, answer), **score_citations(question, answer)}


def score_abstention(question: Question, answer: Answer) -> Metrics:
    """Return whether a refusal was right, whether one that was due came, and whether one came that was not due."""
    metrics = {"answerable_refused" if question.answerable else "abstention_recall": float(answer.abstained)}
    return {**metrics, "abstention_precision": float(not question.answerable)} if answer.abstained else metrics


def score_words(question: Question, answer: Answer) -> Metrics:
    """Return how far the answer says what is right, the best over all right answers. A refusal is an empty answer."""
    groups = question.answer_groups or ((question.answers,) if question.answers else ())
    right = question.answers or tuple(gold for group in groups for gold in group)
    if not (question.answerable and right):
        return {}
    text = "" if answer.abstained else answer.text
    return {
        "contains": float(all(any(is_contained(gold, text) for gold in group) for group in groups)),
        "f1": max(token_f1(gold, text) for gold in right),
    }


def score_citations(question: Question, answer: Answer) -> Metrics:
    """Return whether an answer that was given cites anything, and whether one of its citations is of a right file or page."""
    if answer.abstained or not question.answerable:
        return {}
    metrics = {"cited": float(bool(answer.citations))}
    gold = question.gold_documents
    if answer.citations and gold:
        metrics["cites_gold_file"] = float(any(known_as(cited.path, gold) in gold for cited in answer.citations))
    if answer.citations and question.pages:
        documents = {document for document, _ in question.pages}
        cited_pages = {page_of(cited.path, cited.location, documents) for cited in answer.citations}
        metrics["cites_gold_page"] = float(bool(cited_pages & question.pages))
    return metrics
