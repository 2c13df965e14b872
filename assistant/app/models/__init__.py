"""Turn settings into loaded models."""
