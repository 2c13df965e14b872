"""Read numbers and dates in English and Chinese text: the lowest package, which every other one may import."""
