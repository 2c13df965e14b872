"""Question -> hits. Two searches, their fusion, and steps that are functions (question, hits) -> hits."""

from assistant.retrieve.order import Orders
from assistant.retrieve.readings import carried, dealt
from assistant.retrieve.reranking import MOST, explained, rerank
from assistant.retrieve.search import Searcher
from assistant.retrieve.steps import STEPS
from assistant.retrieve.widen import overlapping_joined, touching_joined, widen, without_held

__all__ = ["MOST", "STEPS", "Orders", "Searcher", "carried", "dealt", "explained", "overlapping_joined", "rerank",
           "touching_joined", "widen", "without_held"]
