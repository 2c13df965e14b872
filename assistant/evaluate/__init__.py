"""Questions with what is right for them, hits and answers in; how good a library's search and answers are out."""

from assistant.evaluate.compare import Comparison, Difference, compare
from assistant.evaluate.gold import absent
from assistant.evaluate.hits import searchable
from assistant.evaluate.measure import measure
from assistant.evaluate.questions import Question, parse_questions
from assistant.evaluate.saved import read_rows, save, to_record
from assistant.evaluate.summary import Estimate, Estimates, Evaluation, Row, summarise

__all__ = ["Comparison", "Difference", "Estimate", "Estimates", "Evaluation", "Question", "Row", "absent", "compare", "measure",
           "parse_questions", "read_rows", "save", "searchable", "summarise", "to_record"]
