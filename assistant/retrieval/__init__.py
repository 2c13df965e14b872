"""Hybrid retrieval: BM25 and dense search, their fusion, and postprocessing steps (question, hits) -> hits."""

from assistant.retrieval.expand_context import overlapping_joined, touching_joined, widen, without_held
from assistant.retrieval.postprocess import STEPS, Orders, carried, dealt
from assistant.retrieval.rerank import MOST, explained, rerank
from assistant.retrieval.search import Searcher

__all__ = ["MOST", "STEPS", "Orders", "Searcher", "carried", "dealt", "explained", "overlapping_joined", "rerank",
           "touching_joined", "widen", "without_held"]
