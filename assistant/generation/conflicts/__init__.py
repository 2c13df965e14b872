"""Find where files contradict an answer."""
