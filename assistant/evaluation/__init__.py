"""Evaluate a library's retrieval and answers on questions with gold answers."""

from assistant.evaluation.compare import Comparison, Difference, compare, read_rows, save, to_record
from assistant.evaluation.dataset import Question, absent, parse_questions
from assistant.evaluation.ranking import searchable
from assistant.evaluation.run import Estimate, Estimates, Evaluation, Row, measure, summarise

__all__ = ["Comparison", "Difference", "Estimate", "Estimates", "Evaluation", "Question", "Row", "absent", "compare", "measure",
           "parse_questions", "read_rows", "save", "searchable", "summarise", "to_record"]
