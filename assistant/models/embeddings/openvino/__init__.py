"""BERT-shaped embedding models on OpenVINO, without torch.

The graph is built from config.json and the memory-mapped weights at each start. A model that is not supported (another
architecture, another pooling) raises NotSupported, and sentence-transformers runs it instead.
"""
