"""Evaluate a library's retrieval and answers on questions with gold answers."""

from assistant.evaluation.compare import Comparison, MetricDifference, compare, read_rows, save_evaluation
from assistant.evaluation.dataset import Question, missing_files, parse_questions
from assistant.evaluation.metrics import has_gold_files
from assistant.evaluation.run import Estimate, Estimates, Evaluation, Row, measure, summarise

__all__ = [
    "Comparison", "Estimate", "Estimates", "Evaluation", "MetricDifference", "Question", "Row", "compare", "has_gold_files",
    "measure", "missing_files", "parse_questions", "read_rows", "save_evaluation", "summarise",
]
