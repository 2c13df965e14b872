"""Read numbers and dates in a text, and tell its language: the lowest package, which every other one may import."""
