"""Measure the time to the first token of any chat model: all passages read, the best one alone, and the best one read before.

    python benchmarks/first_token.py DATA MODEL.gguf --home HOME [--sample 2] [--slice "squad2 answerable"] [--threads 2]

The passages are those found for questions of a public set, as in answers.py. The instructions are in the KV cache each time, as
in an engine that has answered before. "With gain" also scores the question with and without the passages, which a model without a
probe needs. What the model writes is not looked at, so that its weights may be random.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from answer_sets import SLICES, read_slice

from assistant import Assistant, Settings, load_settings
from assistant.datatypes import Hit
from assistant.generation import compose
from assistant.generation.prompt import Prompt, answerability_probe
from assistant.models.llama.chat import LlamaChat

OTHER, EARLIER = "What is it?", "Who was it then?"  # asked before: of no passage, and of the best one
CASES = ("all passages", "best passage", "best passage, read before", "the same with gain")


class Bench:
    """A chat model that reads the prompts of questions."""

    def __init__(self, model: Path, settings: Settings, threads: int) -> None:
        self._settings = settings
        self._chat = LlamaChat(model.stem, model, settings.context_tokens, threads, gpu_layers=0)

    def seconds(self, question: str, hits: Sequence[Hit]) -> tuple[float, ...]:
        """Return the seconds to the first token in each of the CASES."""
        most, best = self._prompt(question, hits), self._prompt(question, hits[:1])
        new, earlier = self._prompt(OTHER, ()), self._prompt(EARLIER, best.passages)
        return (self._read(most, question, after=new), self._read(best, question, after=new),
                self._read(best, question, after=earlier), self._read(best, question, after=earlier, with_gain=True))

    def _prompt(self, question: str, hits: Sequence[Hit]) -> Prompt:
        settings = self._settings
        return compose(self._chat, question, hits, (), settings.context_chunk_tokens, settings.answer_tokens)

    def _read(self, prompt: Prompt, question: str, *, after: Prompt, with_gain: bool = False) -> float:
        """Return the seconds in which the model reads a prompt and writes a token, after another prompt."""
        self._chat.reply(after.messages, 1).likelihood("A")
        started = time.perf_counter()
        reply = self._chat.reply(prompt.messages, 1, answerability_probe(prompt, question) if with_gain else ())
        reply.likelihood("A")
        next(iter(reply), "")
        return time.perf_counter() - started


def main() -> None:
    """Measure each question and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("model", type=Path, help="a GGUF file")
    parser.add_argument("--home", type=Path, required=True, help="state folder of the assistant, embedding model included")
    parser.add_argument("--sample", type=int, default=2, help="questions (default 2)")
    parser.add_argument("--slice", default="squad2 answerable", choices=[each.name for each in SLICES])
    parser.add_argument("--threads", type=int, default=2, help="default 2")
    arguments = parser.parse_args()
    wanted = next(each for each in SLICES if each.name == arguments.slice)
    settings = replace(load_settings(), home=arguments.home, engine="off", library=wanted.folder)
    bench, taken = Bench(arguments.model, settings, arguments.threads), []
    with Assistant(settings) as assistant:
        assistant.add([arguments.data / wanted.folder / "corpus"])
        for asked in read_slice(arguments.data, wanted, arguments.sample, "report"):
            question = asked.question.text
            taken.append(bench.seconds(question, assistant.search(question).hits[: settings.context_chunks]))
            print(" ".join(f"{seconds:.2f}" for seconds in taken[-1]), flush=True)
    middle = [median(each) for each in zip(*taken, strict=True)]
    for case, seconds in zip(CASES, middle, strict=True):
        print(f"{case}: {seconds:.2f} s, {middle[0] / seconds:.1f} times sooner than all")


if __name__ == "__main__":
    main()
