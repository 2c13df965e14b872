"""Hybrid retrieval: BM25 and dense search, their fusion, and postprocessing steps (question, hits) -> hits."""

from assistant.retrieval.expand_context import drop_contained, merge_overlapping, merge_touching, widen
from assistant.retrieval.postprocess import STEPS, PromptOrder, insert_at, interleave
from assistant.retrieval.rerank import MOST, rerank, rerank_explanation
from assistant.retrieval.search import Searcher

__all__ = ["MOST", "STEPS", "PromptOrder", "Searcher", "drop_contained", "insert_at", "interleave", "merge_overlapping",
           "merge_touching", "rerank", "rerank_explanation", "widen"]
