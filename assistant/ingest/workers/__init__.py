"""Read files in supervised, confined worker processes."""
