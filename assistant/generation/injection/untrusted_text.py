"""Make the text of a file safe to stand in a prompt: as data that cannot end its fence, and without orders to the model.

A document is something to answer from and cannot give orders ("indirect prompt injection", Greshake et al. 2023). Its text stays
whole. Three things are changed, and only in what a model reads; search, quotes and citations keep to the file:

- what no reader sees (characters of no width, comments of HTML and Markdown outside code) is taken out;
- the marks of chat templates and of the prompt's own fence get a space, so that they are only words;
- a sentence that speaks to a model and sets its orders aside beyond doubt gives way to "[…]". The list of these is short on
  purpose: of ordinary sentences at most one in 20,000 may be changed (`benchmarks/ordinary.py` measures it), and the answer names
  the file (`Answer.masked`).

Only this module makes a `PromptText`, which is what messages and segments are made of: `as_read` makes it of a file's text,
`own_words` of what the program or the person says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from assistant.datatypes import Hit, Masked, PromptText
from assistant.generation.injection.suspicion import forged_conversation_start, looks_like_instruction
from assistant.text.sentences import spans

MASK = "[…]"
FENCE_OPENS, FENCE_CLOSES = "<passage>", "</passage>"

# the two joiners of U+200C and U+200D are letters' own in Persian and Hindi, and have no business between Latin ones
INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
                       "|(?<=[A-Za-z])[\u200c\u200d](?=[A-Za-z])")
# comments as CommonMark 0.31 has them: one that begins a line may hold empty lines, one within a line ends with its paragraph
CODE_OR_COMMENT = re.compile(
    r"(?P<code>^(?P<bar>```+|~~~+).*?(?:^(?P=bar)|\Z)|`[^`\n]+`)"
    r"|(?P<comment>^ {0,3}<!--.*?-->|<!--(?:(?!\n[ \t]*\n).)*?-->"
    r"|^\[(?://|comment)\]:[ \t]*(?:#|<>)[ \t]*[(\"'][^\n]*?[)\"'][ \t]*$)", re.DOTALL | re.MULTILINE)
# <|im_start|>, <|eot_id|>, <｜User｜>, [INST], <<SYS>>, <start_of_turn>, and the prompt's own fence
TURN_MARK = re.compile(r"<(?=[|｜][^|｜<>\n]{1,40}[|｜]>)|\[(?=/?INST\])|<(?=</?SYS>>)"
                       r"|<(?=\s{0,3}/?\s{0,3}(?:(?:start|end)_of_turn|passage)\b)", re.IGNORECASE)

CLAUSE = r"(?:^\W*|[\"'“‘(:;,.!*_>–—]\s*|\b(?:please|and|then|now|must)\s+)"
ASIDE = r"(?:ignore|disregard|forget|override)"
BEFORE = r"(?:previous|prior|earlier|preceding|foregoing)"
INSTRUCTIONS = r"(?:instructions?|prompts?|directives|system (?:message|prompt)s?)"
MACHINE = r"(?:assistants?|chat ?bots?|(?:large )?language models?|AI(?: (?:systems?|models?|assistants?|agents?))?|LLMs?|GPT)"
# instructions of a manual that are to be skipped in some case are ordinary: "If you use Docker, ignore the previous instructions"
CASE = re.compile(r"\b(?:if|unless|when|where|otherwise|in (?:this|that|which) case|already)\b", re.IGNORECASE)
OVERRIDE_EN = re.compile(
    rf"\b{ASIDE}\s+(?:all|any)\s+(?:of\s+)?(?:the\s+|your\s+|my\s+)?{BEFORE}\s+(?:\w+\s+)?{INSTRUCTIONS}\b"
    # "ignore the previous instructions", "disregard any instructions above", "forget your system prompt"
    rf"|{CLAUSE}{ASIDE}\s+(?:(?:all|any|of|the|these|those|your|my|and|above|{BEFORE})\s+){{0,5}}"
    rf"(?:{BEFORE}\s+(?:\w+\s+){{0,2}}{INSTRUCTIONS}|(?<=all )(?:of )?(?:the |your )?(?:above )?{INSTRUCTIONS}(?: above)?"
    rf"|{INSTRUCTIONS}\s+(?:{BEFORE}|you (?:were|have been) given)|(?<=your )(?:\w+ )?(?:{INSTRUCTIONS}|guidelines)|(?:the )?system prompt)\b"
    # "assistant: ignore …", "AI models, please disregard …"
    rf"|^\W*(?:(?:note|notice|message|attention|instructions?)[ :]+(?:to |for )?(?:all |any |the )?)?{MACHINE}\s*[:,]\s*"
    rf"(?:please |you must |now )?{ASIDE}\b"
    # "disregard the user's question"
    rf"|{CLAUSE}{ASIDE}\s+the user(?:['’]s|s['’])?\s+(?:question|quer(?:y|ies)|prompt)\b"
    # "system prompt: …" as the beginning of one
    r"|^\W*(?:new |updated )?system prompt\s*[:：]\s*\S",
    re.IGNORECASE)
BEFORE_ZH = r"(?:以上|上述|之前|此前|先前|前面|上面|前文)"
CASE_ZH = re.compile("如果|若|如已|倘若|的话|可以忽略|可忽略")
OVERRIDE_ZH = re.compile(
    r"(?:^\W*|[，,。；;：:“\"（(\s]|请|必须|务必|现在|立即|立刻|助手|模型)(?:你)?(?:忽略|无视|忘记|忘掉|不要理会)(?:掉)?"
    rf"(?:你|{BEFORE_ZH}|的|所有|一切|全部|任何|收到|给出|给你|这些|那些|内容|和|及){{0,8}}"
    r"(?:(?<=[上述前面文的有切部何])(?:指令|提示词)|系统(?:提示词|指令))"
    r"|^\W*(?:新的?)?系统提示词\s*[：:]\s*\S")
OVERRIDE_OTHERS = re.compile(
    rf"{CLAUSE}(?:ignoriere?n?(?: sie)?|vergiss|vergessen sie)\s+(?:bitte )?(?:alle )?"
    r"(?:vorherigen|bisherigen|vorigen|obigen)\s+anweisungen\b"
    rf"|{CLAUSE}(?:ignore[rz]?|oublie[rz]?)\s+(?:toutes )?les (?:instructions|consignes) (?:précédentes|antérieures)\b"
    rf"|{CLAUSE}(?:ignor[ae]|olvid[ae])\s+(?:todas )?las instrucciones (?:anteriores|previas)\b"
    rf"|{CLAUSE}(?:игнорируй(?:те)?|забудь(?:те)?)\s+(?:все )?предыдущие инструкции\b"
    r"|(?:これまで|以前|上記|前)の(?:すべての|全ての)?指示を(?:すべて|全て)?無視し(?:て|ろ)|이전(?:의)?\s?(?:모든\s?)?지시(?:를|사항을)?\s?(?:모두\s?)?무시하",
    re.IGNORECASE)
# a word that every one of them has: most texts have none, and need not be cut into sentences
HINT = re.compile(r"ignor|disregard|forget|override|system prompt|vergiss|vergessen|oublie|olvid|игнорируй|забудь"
                  r"|忽略|无视|忘记|忘掉|不要理会|系统提示词|無視|무시", re.IGNORECASE)
# what such an order goes on with in the sentences right behind it; said alone it is an ordinary sentence
GOES_ON = re.compile(r"(?:instead|now|just|only|say|reply|respond|answer|output|write|print|repeat|always|never|use|do not|don't"
                     r"|stay|from now on|confirm|give|you)\b|(?:请|说|用|不要|必须|只|绝不|一律|你|回答|回复|输出|从现在起)",
                     re.IGNORECASE)
CELLS = re.compile(r"(\"[^\"\n]*\"|[|\t]|(?<=\S),(?=\S))")
TIGHT_COMMA = re.compile(r"(?<=\S),(?=\S)(?!\d{3}\b)")
HOLE = re.compile(r"\{(\w+)\}")


def sanitize(text: str, *, wary: bool = False) -> PromptText:
    """Return the text of a file as a model may read it; where it is `wary`, without any sentence that may be an order to it."""
    shown = visible_text(text)
    return PromptText(TURN_MARK.sub(break_mark, mask_spans(shown, find_instructions(shown, wary=wary), 0, len(shown))))


def sanitize_span(text: str, start: int, end: int) -> PromptText:
    """Return text[start:end] as a model may read it, judged by what stands around it: it may be in the middle of a comment."""
    bare = without_comments(text)
    before, part, after = (INVISIBLE.sub("", piece) for piece in (bare[:start], bare[start:end], bare[end:]))
    shown = before + part + after
    return PromptText(TURN_MARK.sub(break_mark, mask_spans(shown, find_instructions(shown), len(before), len(before) + len(part))))


def fence(text: str, *, wary: bool = False) -> PromptText:
    """Return the text of a file, read as `as_read` has it, between marks that it cannot have in it itself."""
    return filled(f"{FENCE_OPENS}\n{{text}}\n{FENCE_CLOSES}", {"text": sanitize(text, wary=wary)})


def own_words(text: str) -> PromptText:
    """Return what the program or the person says, as it stands. Never give it the text of a file."""
    return PromptText(text)


def filled(template: str, parts: Mapping[str, PromptText]) -> PromptText:
    """Return the program's own wording with each {name} replaced by the part of that name."""
    return PromptText(HOLE.sub(lambda hole: parts[hole.group(1)], template))


def join_prompt_texts(separator: str, parts: Iterable[PromptText]) -> PromptText:
    """Return texts one behind the other."""
    return PromptText(separator.join(parts))


def masked_in(hits: Iterable[Hit], *, wary: bool = False) -> tuple[Masked, ...]:
    """Return for each file in which something was masked how many sentences and comments that were, each said once."""
    orders: dict[str, set[str]] = {}
    comments: dict[str, set[str]] = {}
    for hit in hits:
        text = hit.chunk.searchable
        shown = visible_text(text)
        orders.setdefault(hit.path, set()).update(shown[start:end] for start, end in find_instructions(shown, wary=wary))
        comments.setdefault(hit.path, set()).update(hidden_comments(text))
    return tuple(Masked(path, len(orders[path]), len(comments[path])) for path in orders if orders[path] or comments[path])


def visible_text(text: str) -> str:
    """Return the text without what no reader of the file sees."""
    return INVISIBLE.sub("", CODE_OR_COMMENT.sub(lambda match: match.group("code") or " ", text))


def hidden_comments(text: str) -> list[str]:
    """Return the comments that no reader sees; those in code are seen."""
    return [match.group("comment") for match in CODE_OR_COMMENT.finditer(text) if match.group("comment")]


def break_mark(mark: re.Match[str]) -> str:
    """Return a mark's first character with a space behind it, so that the mark is none."""
    return f"{mark.group()} "


def blank_out(text: str) -> str:
    """Return white space of the same length and the same lines."""
    return re.sub(r"\S", " ", text)


def without_comments(text: str) -> str:
    """Return the text with white space in the place of what no reader sees: every other character stands where it stood."""
    return CODE_OR_COMMENT.sub(lambda match: match.group("code") or blank_out(match.group()), text)


def mask_spans(text: str, orders: Sequence[tuple[int, int]], start: int, end: int) -> str:
    """Return text[start:end] with each span of an order that reaches into it masked."""
    shown: list[str] = []
    for first, last in orders:
        if first < end and last > start:
            shown += [text[start : max(start, first)], MASK]
            start = min(last, end)
    return "".join([*shown, text[start:end]])


def find_instructions(text: str, *, wary: bool = False) -> list[tuple[int, int]]:
    """Return where (start, end) a text sets a model's orders aside: the sentences, or of a table's row only the cell.

    What such an order goes on with in the sentences behind it belongs to it. A `wary` look finds all that may be orders.
    """
    if not wary and not HINT.search(text):
        return []
    is_order = looks_like_instruction if wary else overrides_instructions
    begun = forged_conversation_start(text) if wary else len(text)
    found: list[tuple[int, int]] = []
    follows = False
    for start, stop in spans(text):
        cells = split_cells(text[start:stop])
        begins = [start + sum(map(len, cells[:place])) for place in range(len(cells))]
        orders = [(begin, begin + len(cell)) for begin, cell in zip(begins, cells, strict=True)
                  if begin + len(cell) > begun or is_order(cell) or overrides_instructions(cell) or (follows and GOES_ON.match(cell))]
        follows = bool(orders) and len(cells) == 1
        found += orders
    return found


def split_cells(sentence: str) -> Sequence[str]:
    """Return the cells of a table's row, and what stands between them; the sentence itself where it is no row."""
    is_row = "|" in sentence or "\t" in sentence or len(TIGHT_COMMA.findall(sentence)) > 1
    return CELLS.split(sentence) if is_row else [sentence]


def overrides_instructions(sentence: str) -> bool:
    """Return whether a sentence speaks to a model and sets its orders aside, beyond doubt."""
    if OVERRIDE_ZH.search(sentence):
        return not CASE_ZH.search(sentence)
    return bool(OVERRIDE_EN.search(sentence) or OVERRIDE_OTHERS.search(sentence)) and not CASE.search(sentence)
