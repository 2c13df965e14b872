"""Answer a question: retrieve, build the prompt, stream the checked answer."""
