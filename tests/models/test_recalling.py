from assistant.models.embeddings.sentence_transformers import QUESTIONS_KEPT, CachingEmbedder
from assistant.models.fake import FakeEmbedder


class Counting(FakeEmbedder):
    def __init__(self):
        super().__init__()
        self.asked = []

    def embed_question(self, text):
        self.asked.append(text)
        return super().embed_question(text)


def test_a_question_is_embedded_once_and_as_before():
    counting = Counting()
    embedder = CachingEmbedder(counting)
    first, second = embedder.embed_question("How long?"), embedder.embed_question("How long?")
    assert counting.asked == ["How long?"]
    assert (first == second).all() and (first == FakeEmbedder().embed_question("How long?")).all()


def test_only_the_last_questions_are_kept():
    counting = Counting()
    embedder = CachingEmbedder(counting)
    for number in range(QUESTIONS_KEPT + 1):
        embedder.embed_question(str(number))
    embedder.embed_question("0")
    assert counting.asked.count("0") == 2


def test_everything_else_is_the_model_itself():
    plain, embedder = FakeEmbedder(), CachingEmbedder(FakeEmbedder())
    assert (embedder.name, embedder.fingerprint, embedder.dimension) == (plain.name, plain.fingerprint, plain.dimension)
    assert embedder.count_tokens(["one two"]) == plain.count_tokens(["one two"])
    assert embedder.coverage("one") == plain.coverage("one")
    assert (embedder.embed_passages(["one"]) == plain.embed_passages(["one"])).all()
