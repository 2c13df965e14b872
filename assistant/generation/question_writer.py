"""Ask the chat model for questions about chunks: as drafts for an evaluation set, and to calibrate the refusal threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from assistant.datatypes import Calibration, ChatModel, Chunk, Gate, Hit, Message, PromptText
from assistant.errors import ModelUnusable
from assistant.generation.answerability import gain_candidates, language_offset, log_odds, logistic, measure_signals
from assistant.generation.prompt import QUESTION_REQUEST, Prompt
from assistant.generation.untrusted_text import fence, fill_template, join_prompt_texts, own_words, sanitize, sanitize_span
from assistant.text.languages import language
from assistant.text.stems import terms

QUESTION_TOKENS = 60

SYSTEM = "You write questions about documents. You reply with one question and nothing else."
ENGLISH = """From the file "{name}":
{text}

Write one question that this sentence answers: {sentence}
The answer must be exactly: {fact}
Name who or what the question is about, so that it makes sense without the text. Do not use the words "{fact}". Do not mention a \
text, a passage or a file. Reply with the question only."""
CHINESE = """摘自文件《{name}》：
{text}

请写一个由这句话回答的问题：{sentence}
答案必须正好是：{fact}
问题要写明是关于谁或什么，没有读过原文的人也能看懂。问题中不要出现“{fact}”，也不要提到文中、段落或文件。只回复这个问题。"""
CALIBRATION_QUESTION_TOKENS = 48
MIN_LENGTH, MAX_LENGTH = 8, 200  # characters of a question
MIN_SHARED = 2  # terms that a question must share with its chunk
PRIOR_SD = 2.0  # prior standard deviation of the offset, in log-odds
NEWTON_STEPS = 50
# A chunk has a higher query-likelihood gain for a question that the model wrote about it than for a user's: .70 instead of .46
# (SQuAD 2.0, Qwen2.5-Coder-1.5B, 11 and 49 questions). This offset of the log-odds compensates for it; what a probe makes of such
# questions was not measured.
GENERATED_QUESTION_OFFSET = 0.72


@dataclass(frozen=True, slots=True)
class CalibrationTrial:
    """Log-odds that a calibration question is unanswerable: with the retrieved chunks, and without the file it came from.

    `answered` is adjusted by `GENERATED_QUESTION_OFFSET`, as if a user had asked.
    """

    question: str
    answered: float
    held_out: float


def draft_question(chat: ChatModel, hit: Hit, sentence: str, fact: str) -> str:
    """Return a question whose answer is `fact`, a phrase in a sentence of the hit; an empty string if the model wrote none."""
    if fact not in sanitize_sentence(hit, sentence):
        return ""
    return extract_question("".join(chat.reply(question_messages(hit, sentence, fact), QUESTION_TOKENS)))


def question_messages(hit: Hit, sentence: str, fact: str) -> tuple[Message, ...]:
    """Return the messages that ask for such a question, in English or, for a Chinese sentence, in Chinese."""
    wording = CHINESE if language(sentence) == "zh" else ENGLISH
    parts = {"name": sanitize(PurePath(hit.path).stem), "text": fence(hit.chunk.searchable),
             "sentence": sanitize_sentence(hit, sentence), "fact": sanitize(fact)}
    return (Message("system", own_words(SYSTEM)), Message("user", fill_template(wording, parts)))


def sanitize_sentence(hit: Hit, sentence: str) -> PromptText:
    """Return a sentence of a hit sanitized in its context: without comments and without instructions to the model."""
    start = hit.chunk.text.find(sentence)
    return sanitize(sentence) if start < 0 else sanitize_span(hit.chunk.text, start, start + len(sentence))


def extract_question(reply: str) -> str:
    """Return the first line with a question mark, without label, list marker or quotation marks; empty if there is none."""
    for line in reply.splitlines():
        end = max(line.rfind("?"), line.rfind("？"))
        if end >= 0:
            words = line[: end + 1].strip().lstrip("-*#0123456789. ").strip("\"“”「」* ")
            label, _, rest = words.partition(":" if ":" in words else "：")
            return rest.strip("\"“”* ") if rest and label.strip().lower() in {"question", "q", "问题", "问"} else words
    return ""


def write_question(chat: ChatModel, chunk: Chunk) -> str:
    """Return a question that the model wrote about a chunk; an empty string if it fails the length and overlap checks."""
    request = own_words(QUESTION_REQUEST["zh" if language(chunk.text) == "zh" else "en"])
    message = Message("user", join_prompt_texts("\n\n", (fence(chunk.searchable), request)))
    question = "".join(chat.reply((message,), CALIBRATION_QUESTION_TOKENS)).strip().split("\n")[0].strip()
    shared = terms(question) & terms(chunk.searchable)
    good = question.endswith(("?", "？")) and MIN_LENGTH <= len(question) <= MAX_LENGTH and len(shared) >= MIN_SHARED
    return question if good else ""


def question_log_odds(chat: ChatModel, gate: Gate, prompt: Prompt, question: str) -> float:
    """Return the log-odds that the chunks do not answer the question, before the answer and without the library's offset.

    Raises ModelUnusable if the hidden state that the gate reads is missing.
    """
    found = measure_signals(gate, chat.reply(prompt.messages, 1, gain_candidates(gate, prompt, question)), question)
    if found is None:
        raise ModelUnusable("The hidden state of the chat model cannot be read.", "Install the llama-cpp-python of this program.")
    return found.odds + language_offset(gate, question, prompt)


def fit_offset(trials: Sequence[CalibrationTrial]) -> float:
    """Return the maximum a posteriori offset of the log-odds (Newton's method, Gaussian prior around 0)."""
    offset = 0.0
    for _ in range(NEWTON_STEPS):
        shares = [(logistic(trial.held_out + offset), 1.0) for trial in trials]
        shares += [(logistic(trial.answered + offset), 0.0) for trial in trials]
        slope = sum(share - truth for share, truth in shares) + offset / PRIOR_SD**2
        bend = sum(share * (1 - share) for share, _ in shares) + 1 / PRIOR_SD**2
        offset -= max(-1.0, min(1.0, slope / bend))
    return offset


def fit_calibration(trials: Sequence[CalibrationTrial], threshold: float) -> Calibration:
    """Return the fitted offset, and the shares of both kinds of questions that are refused without and with it."""
    offset, threshold_log_odds = fit_offset(trials), log_odds(threshold)

    def refused(odds: Sequence[float], added: float) -> float:
        return sum(each + added > threshold_log_odds for each in odds) / len(odds) if odds else 0.0

    answered, held_out = [trial.answered for trial in trials], [trial.held_out for trial in trials]
    return Calibration(len(trials), offset, threshold, (refused(answered, 0.0), refused(answered, offset)),
                       (refused(held_out, 0.0), refused(held_out, offset)))
