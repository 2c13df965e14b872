"""Keep instructions in file text from steering the model."""
