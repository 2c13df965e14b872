"""BERT-shaped embedding models without torch: a sentence-transformers folder in, vectors out, by OpenVINO on the processor.

Nothing is converted or kept: the graph is written from config.json and the mapped weights at each start. What the room does
not know (another architecture, another pooling) it refuses with NotKnown, and sentence-transformers takes over.
"""
