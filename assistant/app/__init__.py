"""Use cases: the only layer in which the stages meet."""
