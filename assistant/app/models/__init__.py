"""Loaded models for the use cases: which models the settings name, and a cache of them."""
