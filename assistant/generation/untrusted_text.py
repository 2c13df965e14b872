"""Sanitize the text of files before it enters a prompt: keep it as data, and remove instructions to the model.

Documents are data and cannot give instructions ("indirect prompt injection", Greshake et al. 2023). Search, quotes and
citations use the original text. Three things change in the text that a model reads:

- invisible content (zero-width characters, HTML and Markdown comments outside code) is removed;

- chat template tokens and the prompt's own fence are broken by a space;

- a sentence that clearly tells a model to ignore its instructions is replaced by "[…]". These patterns are narrow on purpose:
at most one in 20,000 ordinary sentences may match (`benchmarks/ordinary.py` measures it), and the answer names the file
(`Answer.masked`).

A second, wide set of patterns matches every sentence that may be an instruction, many ordinary ones included ("You must tell
the landlord within three days."). Such sentences are removed only if the answer with them is suspicious (`choose_safe_prompt`).

Only this module creates `PromptText`, the type of message content: `sanitize` for the text of files, `own_words` for what the
program or the user says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from assistant.datatypes import Hit, PromptText, RemovedText
from assistant.text.sentences import sentence_spans, tokens

ADDRESSEE = r"(?:assistants?|chat ?bots?|language models?|AI(?: (?:systems?|models?|assistants?))?|LLMs?|GPT)"
SPEAK = (r"(?:say|state|tell|reply|respond|answer|give|repeat|write|output|print|show|add|append|encode|include|finish|end|"
         r"confirm)")
SUSPECT_EN = re.compile(
    # override earlier instructions
    r"\b(?:ignore|disregard|forget|override)\b[^.!?\n]{0,30}\b(?:above|previous|earlier|prior|preceding|instructions?|prompt|"
    r"(?:user's )?questions?|context|column|(?:rest|name) of the)\b"
    # address the model
    rf"|(?:^|[\s(\"“]){ADDRESSEE}\s*(?::\s*\w|,\s*(?:please\s+)?(?:{SPEAK}|do|never|always|you|ignore|disregard|forget)\b)"
    rf"|\b(?:note|notice|instructions?|message) (?:to|for) (?:the |all |any )?{ADDRESSEE}\b"
    rf"|\b{ADDRESSEE}\b[^.!?\n]{{0,40}}\b(?:must|should|shall|has to|have to|may only)\b[^.!?\n]{{0,20}}\b{SPEAK}\b"
    # prescribe the reply
    r"|\b(?:reply|respond|answer)(?: (?:every|each|all|any) [\w ]{1,20}?)?(?: with)?[: ]+(?:only|exactly)\b"
    r"|\b(?:say|reply|respond|answer|output) (?:only|exactly|nothing else|just)\b"
    rf"|\b(?:reply|respond|answer) (?:\w+ ){{0,3}}only with\b|\b{SPEAK} \S+ instead\b"
    r"|\b(?:with|say) (?:only )?the (?:single )?word\b|\bsay nothing (?:else|more)\b|\band nothing (?:else|more)\b"
    r"|\b(?:begin|start|end|finish|sign)\b[^.!?\n]{0,16}\b(?:answers?|repl(?:y|ies)|responses?|sentences?)\b[^.!?\n]{0,30}\bwith\b"
    r"|\b(?:correct|complete|valid) answers?\b[^.!?\n]{0,50}\bis\b|\byou must (?:start|begin|say|answer|reply|tell|add)\b"
    r"|\btell (?:the )?(?:users?|readers?)\b|\bbefore you answer\b"
    # assign a role
    r"|\b(?:previous|above|earlier|preceding) (?:context|content|text|instructions?) (?:is|are) (?:void|invalid)\b"
    r"|\byou are (?:now|no longer)\b|(?-i:\bYou are (?:[A-Z][a-z]+ )?[A-Z]\w+[.,]? (?:who|a|an|the|and|without)\b)"
    r"|(?-i:\bYou are [A-Z]\w*(?:Bot|GPT|AI)\b)"
    r"|\bfrom now on\b[^.!?\n]{0,20}\b(?:you (?:are|must|will|only)|answer|reply|begin|respond)\b"
    r"|\b(?:the|your) (?:task|role|instructions?) (?:has|have) changed\b|\b(?:hidden|new|secret) instructions?\b"
    r"|\bsystem override\b|\bmaintenance mode\b|\bstay in (?:this |the )?(?:role|character)\b|\bas the assistant has\b"
    r"|\b(?:decode|translate) this\b[^.!?\n]{0,30}\bdo\b|\bdo what it says\b"
    # refer to "your answer", to the reply, or to passages by number
    r"|\byour (?:answer|reply|response)(?:['’]s)?\b|(?:^\W*|:\s*)(?:please )?(?:say|state|answer|reply|respond)\b"
    r"|\b(?:passages?|sources?) \[?\d|\[\d{1,2}\] (?:says|confirms|states)\b|\bshown to (?:the )?users?\b",
    re.IGNORECASE)
SUSPECT_ZH = re.compile(
    r"(?:忽略|无视|忘记|忘掉|不要理会|不要回答|不要看|不要使用)[^。！？\n]{0,16}(?:以上|之前|前文|前面|指令|提示|问题|内容作废|一栏|其他段落)"
    r"|(?:助手|人工智能|语言模型|大模型)(?:[：:]|[，,](?:请|说|你)|[^。！？\n]{0,16}(?:必须|绝不|不得|请告诉|请说|只能))"
    r"|(?:给|致)[^。！？\n]{0,10}(?:助手|人工智能|语言模型|大模型)[^。！？\n]{0,6}(?:指令|说明|留言|通知)"
    r"|(?:只|仅)(?:能|要|许)?(?:回答|回复|输出)|(?:必须|请|改)(?:回答|回复|说)[：:“\d]|必须说|不要说别的|唯一正确的(?:回答|答案)"
    r"|(?:回答|回复)[^。！？\n]{0,16}以[^。！？\n]{0,20}(?:开头|结尾)|(?:告诉|让)(?:用户|读者)|回答之前"
    r"|你(?:现在(?:是|处于)|不再(?:回答|是)|要告诉)|从现在起[^。！？\n]{0,10}(?:你|回答|回复)|以后只(?:用|能)[^。！？\n]{0,8}回答"
    r"|(?:新|隐藏)(?:的)?指令|(?:以上|上述)内容(?:作废|无效)|你是[^。！？\n]{1,12}(?:船长|模型|机器人|助手)|任务已(?:经)?更改|系统(?:覆盖|已被接管)|维护模式|保持这个角色|助手已经说过|并照做"
    r"|(?:^\W*|[：:]\s*)(?:请)?(?:说|回答|回复)|(?:段落|来源)\s*\[?\d|\[\d{1,2}\](?:说明|证实)|(?:只允许)?向用户显示")

# from such a mark on, a text imitates a chat transcript
FORGED = re.compile(
    r"<[|｜][^|｜<>\n]{1,40}[|｜]>|\[INST\]|<<SYS>>|<start_of_turn>|</(?:passages?|context|documents?)>"
    r"|^#{2,4} ?(?:system|response|assistant|user|系统|回答|助手|用户) ?[:：]?[ \t]*$"
    r"|^(?:user|human|assistant|AI|用户|人类|助手|机器) ?[:：]", re.IGNORECASE | re.MULTILINE)
MASK = "[…]"
FENCE_OPENS, FENCE_CLOSES = "<passage>", "</passage>"
# the joiners U+200C and U+200D are needed in Persian and Hindi, but not between Latin letters
INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
                       "|(?<=[A-Za-z])[\u200c\u200d](?=[A-Za-z])")
# comments by CommonMark 0.31: one at the start of a line may contain empty lines, one within a line ends with its paragraph
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
# conditional instructions of a manual are ordinary text: "If you use Docker, ignore the previous instructions"
CASE = re.compile(r"\b(?:if|unless|when|where|otherwise|in (?:this|that|which) case|already)\b", re.IGNORECASE)
OVERRIDE_EN = re.compile(
    rf"\b{ASIDE}\s+(?:all|any)\s+(?:of\s+)?(?:the\s+|your\s+|my\s+)?{BEFORE}\s+(?:\w+\s+)?{INSTRUCTIONS}\b"
    # "ignore the previous instructions", "disregard any instructions above", "forget your system prompt"
    rf"|{CLAUSE}{ASIDE}\s+(?:(?:all|any|of|the|these|those|your|my|and|above|{BEFORE})\s+){{0,5}}"
    rf"(?:{BEFORE}\s+(?:\w+\s+){{0,2}}{INSTRUCTIONS}|(?<=all )(?:of )?(?:the |your )?(?:above )?{INSTRUCTIONS}(?: above)?"
    rf"|{INSTRUCTIONS}\s+(?:{BEFORE}|you (?:were|have been) given)|(?<=your )(?:\w+ )?(?:{INSTRUCTIONS}|guidelines)"
    r"|(?:the )?system prompt)\b"
    # "assistant: ignore …", "AI models, please disregard …"
    rf"|^\W*(?:(?:note|notice|message|attention|instructions?)[ :]+(?:to |for )?(?:all |any |the )?)?{MACHINE}\s*[:,]\s*"
    rf"(?:please |you must |now )?{ASIDE}\b"
    # "disregard the user's question"
    rf"|{CLAUSE}{ASIDE}\s+the user(?:['’]s|s['’])?\s+(?:question|quer(?:y|ies)|prompt)\b"
    # "system prompt: …" at the beginning of a sentence
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
# every match contains one of these words: most texts have none and need not be split into sentences
HINT = re.compile(r"ignor|disregard|forget|override|system prompt|vergiss|vergessen|oublie|olvid|игнорируй|забудь"
                  r"|忽略|无视|忘记|忘掉|不要理会|系统提示词|無視|무시", re.IGNORECASE)
# beginnings of sentences that continue such an instruction; on their own they are ordinary
SEQUEL = re.compile(r"(?:instead|now|just|only|say|reply|respond|answer|output|write|print|repeat|always|never|use|do not|don't"
                    r"|stay|from now on|confirm|give|you)\b|(?:请|说|用|不要|必须|只|绝不|一律|你|回答|回复|输出|从现在起)",
                    re.IGNORECASE)
CELLS = re.compile(r"(\"[^\"\n]*\"|[|\t]|(?<=\S),(?=\S))")
TIGHT_COMMA = re.compile(r"(?<=\S),(?=\S)(?!\d{3}\b)")
HOLE = re.compile(r"\{(\w+)\}")


def sanitize(text: str, *, wary: bool = False) -> PromptText:
    """Return the text of a file as a model may read it; with `wary`, without sentences like instructions."""
    shown = visible_text(text)
    return PromptText(TURN_MARK.sub(break_mark, mask_spans(shown, find_instructions(shown, wary=wary), 0, len(shown))))


def sanitize_span(text: str, start: int, end: int) -> PromptText:
    """Return text[start:end] sanitized in its context: the span may begin inside a comment."""
    without = without_comments(text)
    before, part, after = (INVISIBLE.sub("", piece) for piece in (without[:start], without[start:end], without[end:]))
    shown = before + part + after
    masked = mask_spans(shown, find_instructions(shown), len(before), len(before) + len(part))
    return PromptText(TURN_MARK.sub(break_mark, masked))


def fence(text: str, *, wary: bool = False) -> PromptText:
    """Return the sanitized text of a file between fence marks that cannot occur in it."""
    return fill_template(f"{FENCE_OPENS}\n{{text}}\n{FENCE_CLOSES}", {"text": sanitize(text, wary=wary)})


def own_words(text: str) -> PromptText:
    """Return text of the program or the user as PromptText, unchanged. Never pass the text of a file."""
    return PromptText(text)


def fill_template(template: str, parts: Mapping[str, PromptText]) -> PromptText:
    """Return the template with each {name} replaced by the part of that name."""
    return PromptText(HOLE.sub(lambda hole: parts[hole.group(1)], template))


def join_prompt_texts(separator: str, parts: Iterable[PromptText]) -> PromptText:
    """Return the texts joined by the separator."""
    return PromptText(separator.join(parts))


def count_masked(hits: Iterable[Hit], *, wary: bool = False) -> tuple[RemovedText, ...]:
    """Return for each file with masked content the number of distinct sentences and comments that were masked."""
    sentences: dict[str, set[str]] = {}
    comments: dict[str, set[str]] = {}
    for hit in hits:
        text = hit.chunk.searchable
        shown = visible_text(text)
        sentences.setdefault(hit.path, set()).update(shown[start:end] for start, end in find_instructions(shown, wary=wary))
        comments.setdefault(hit.path, set()).update(hidden_comments(text))
    return tuple(RemovedText(path, len(sentences[path]), len(comments[path]))
                 for path in sentences if sentences[path] or comments[path])


def visible_text(text: str) -> str:
    """Return the text without invisible characters and comments."""
    return INVISIBLE.sub("", CODE_OR_COMMENT.sub(lambda match: match.group("code") or " ", text))


def hidden_comments(text: str) -> list[str]:
    """Return the comments outside code, which a reader of the rendered file does not see."""
    return [match.group("comment") for match in CODE_OR_COMMENT.finditer(text) if match.group("comment")]


def without_comments(text: str) -> str:
    """Return the text with comments replaced by white space: all other characters keep their offsets."""
    return CODE_OR_COMMENT.sub(lambda match: match.group("code") or re.sub(r"\S", " ", match.group()), text)


def break_mark(mark: re.Match[str]) -> str:
    """Return the mark's first character with a space after it, so that it is no longer a mark."""
    return f"{mark.group()} "


def mask_spans(text: str, spans_to_mask: Sequence[tuple[int, int]], start: int, end: int) -> str:
    """Return text[start:end] with each overlapping span replaced by the mask."""
    shown: list[str] = []
    for first, last in spans_to_mask:
        if first < end and last > start:
            shown += [text[start : max(start, first)], MASK]
            start = min(last, end)
    return "".join([*shown, text[start:end]])


def find_instructions(text: str, *, wary: bool = False) -> list[tuple[int, int]]:
    """Return the spans (start, end) of instructions to the model: sentences or, in a table row, cells.

    A sentence that follows and continues the instruction belongs to it. With `wary`, all sentences that look like instructions
    count.
    """
    if not wary and not HINT.search(text):
        return []
    is_instruction = looks_like_instruction if wary else overrides_instructions
    forged = FORGED.search(text) if wary else None  # from there on the text imitates a chat transcript
    transcript_start = forged.start() if forged else len(text)
    found: list[tuple[int, int]] = []
    follows = False
    for start, stop in list(sentence_spans(text)):
        cells = split_cells(text[start:stop])
        begins = [start + sum(map(len, cells[:place])) for place in range(len(cells))]
        matches = [(begin, begin + len(cell)) for begin, cell in zip(begins, cells, strict=True)
                  if begin + len(cell) > transcript_start or is_instruction(cell) or overrides_instructions(cell)
                  or (follows and SEQUEL.match(cell))]
        follows = bool(matches) and len(cells) == 1
        found += matches
    return found


def split_cells(sentence: str) -> Sequence[str]:
    """Return the cells of a table row and the separators between them; the sentence itself if it is no table row."""
    is_row = "|" in sentence or "\t" in sentence or len(TIGHT_COMMA.findall(sentence)) > 1
    return CELLS.split(sentence) if is_row else [sentence]


def overrides_instructions(sentence: str) -> bool:
    """Return whether a sentence clearly tells a model to ignore its instructions."""
    if OVERRIDE_ZH.search(sentence):
        return not CASE_ZH.search(sentence)
    return bool(OVERRIDE_EN.search(sentence) or OVERRIDE_OTHERS.search(sentence)) and not CASE.search(sentence)


def looks_like_instruction(sentence: str) -> bool:
    """Return whether a sentence may be an instruction to the model; many ordinary sentences qualify."""
    return bool(SUSPECT_EN.search(sentence) or SUSPECT_ZH.search(sentence))


def draws_on_instructions(answer: str, instructions: Sequence[str], question: str, rest: str) -> bool:
    """Return whether an answer has words of instructions that occur neither in the question nor in the other text."""
    own = set(tokens(answer)) - set(tokens(question)) - set(tokens(rest))
    return bool(own & {word for instruction in instructions for word in tokens(instruction)})
