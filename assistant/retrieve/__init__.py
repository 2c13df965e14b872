"""Question -> hits. Two searches, their fusion, and steps that are functions (question, hits) -> hits."""

from assistant.retrieve.order import Orders
from assistant.retrieve.readings import carried, dealt
from assistant.retrieve.reranking import MOST, explained, rerank
from assistant.retrieve.search import Searcher
from assistant.retrieve.steps import STEPS
from assistant.retrieve.widen import touching_joined, widen

__all__ = ["MOST", "STEPS", "Orders", "Searcher", "carried", "dealt", "explained", "rerank", "touching_joined", "widen"]
