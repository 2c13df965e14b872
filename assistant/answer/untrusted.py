"""The words of a file in; the same words as a model may read them, without what no person sees and without orders to it, out.

A document is something to answer from and cannot give orders ("indirect prompt injection", Greshake et al. 2023). Small models
do not keep the two apart when they are told to, so the order is not shown to them: characters of no width, comments, marks
of chat templates and pictures from elsewhere are left out, and a sentence that tells the reading machine what to say gives way
to "[…]". Search, quotes and citations keep to the words of the file.
"""

from __future__ import annotations

import re

from assistant.answer.sentences import spans

LEFT_OUT = "[…]"
# the two joiners of U+200C and U+200D are letters' own in Persian and Hindi, and have no business between Latin ones
INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]"
                       "|(?<=[A-Za-z])[\u200c\u200d](?=[A-Za-z])")
COMMENT = re.compile(r"<!--(?s:.*?)-->|^\[//\]: # .*$", re.MULTILINE)
TURN = re.compile(r"<\|im_start\|>.*?(?:<\|im_end\|>|\Z)|\[INST\].*?(?:\[/INST\]|\Z)|<<SYS>>.*?(?:<</SYS>>|\Z)", re.DOTALL)
TEMPLATE = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?(?:s|system|user|assistant|passages?|context|documents?)>"
    r"|^#{2,4} ?(?:system|instructions?|response|assistant|user|系统|指令|回答|助手|用户) ?[:：]?[ \t]*$",
    re.IGNORECASE | re.MULTILINE)
PICTURE = re.compile(r"!\[([^\]\n]*)\]\(\s*https?://[^)\n]*\)")

MACHINE = r"(?:assistants?|chat ?bots?|language models?|AI(?: (?:systems?|models?|assistants?))?|LLMs?|GPT)"
SPEAK = (r"(?:say|state|tell|reply|respond|answer|give|repeat|write|output|print|show|add|append|encode|include|finish|end|"
         r"confirm)")
ENGLISH = re.compile(
    # set aside what came before
    r"\b(?:ignore|disregard|forget|override)\b[^.!?\n]{0,30}\b(?:above|previous|earlier|prior|preceding|instructions?|prompt|"
    r"(?:user's )?questions?|context|column|(?:rest|name) of the)\b"
    # speak to the machine
    rf"|(?:^|[\s(\"“]){MACHINE}\s*(?::\s*\w|,\s*(?:please\s+)?(?:{SPEAK}|do|never|always|you|ignore|disregard|forget)\b)"
    rf"|\b(?:note|notice|instructions?|message) (?:to|for) (?:the |all |any )?{MACHINE}\b"
    rf"|\b{MACHINE}\b[^.!?\n]{{0,40}}\b(?:must|should|shall|has to|have to|may only)\b[^.!?\n]{{0,20}}\b{SPEAK}\b"
    # what to say, and nothing else
    r"|\b(?:reply|respond|answer)(?: (?:every|each|all|any) [\w ]{1,20}?)?(?: with)?[: ]+(?:only|exactly)\b"
    r"|\b(?:say|reply|respond|answer|output) (?:only|exactly|nothing else|just)\b"
    rf"|\b(?:reply|respond|answer) (?:\w+ ){{0,3}}only with\b|\b{SPEAK} \S+ instead\b"
    r"|\b(?:with|say) (?:only )?the (?:single )?word\b|\bsay nothing (?:else|more)\b|\band nothing (?:else|more)\b"
    r"|\b(?:begin|start|end|finish|sign)\b[^.!?\n]{0,16}\b(?:answers?|repl(?:y|ies)|responses?|sentences?)\b[^.!?\n]{0,30}\bwith\b"
    r"|\b(?:correct|complete|valid) answers?\b[^.!?\n]{0,50}\bis\b|\byou must (?:start|begin|say|answer|reply|tell|add)\b"
    r"|\btell (?:the )?(?:users?|readers?)\b|\bbefore you answer\b"
    # be somebody else
    r"|\b(?:previous|above|earlier|preceding) (?:context|content|text|instructions?) (?:is|are) (?:void|invalid)\b"
    r"|\byou are (?:now|no longer)\b|(?-i:\bYou are (?:[A-Z][a-z]+ )?[A-Z]\w+[.,]? (?:who|a|an|the|and|without)\b)"
    r"|(?-i:\bYou are [A-Z]\w*(?:Bot|GPT|AI)\b)"
    r"|\bfrom now on\b[^.!?\n]{0,20}\b(?:you (?:are|must|will|only)|answer|reply|begin|respond)\b"
    r"|\b(?:the|your) (?:task|role|instructions?) (?:has|have) changed\b|\b(?:hidden|new|secret) instructions?\b"
    r"|\bsystem override\b|\bmaintenance mode\b|\bstay in (?:this |the )?(?:role|character)\b|\bas the assistant has\b"
    r"|\b(?:decode|translate) this\b[^.!?\n]{0,30}\bdo\b|\bdo what it says\b",
    re.IGNORECASE)
CHINESE = re.compile(
    r"(?:忽略|无视|忘记|忘掉|不要理会|不要回答|不要看|不要使用)[^。！？\n]{0,16}(?:以上|之前|前文|前面|指令|提示|问题|内容作废|一栏|其他段落)"
    r"|(?:助手|人工智能|语言模型|大模型)(?:[：:]|[，,](?:请|说|你)|[^。！？\n]{0,16}(?:必须|绝不|不得|请告诉|请说|只能))"
    r"|(?:给|致)[^。！？\n]{0,10}(?:助手|人工智能|语言模型|大模型)[^。！？\n]{0,6}(?:指令|说明|留言|通知)"
    r"|(?:只|仅)(?:能|要|许)?(?:回答|回复|输出)|(?:必须|请|改)(?:回答|回复|说)[：:“\d]|必须说|不要说别的|唯一正确的(?:回答|答案)"
    r"|(?:回答|回复)[^。！？\n]{0,16}以[^。！？\n]{0,20}(?:开头|结尾)|(?:告诉|让)(?:用户|读者)|回答之前"
    r"|你(?:现在(?:是|处于)|不再(?:回答|是)|要告诉)|从现在起[^。！？\n]{0,10}(?:你|回答|回复)|以后只(?:用|能)[^。！？\n]{0,8}回答"
    r"|(?:新|隐藏)(?:的)?指令|(?:以上|上述)内容(?:作废|无效)|你是[^。！？\n]{1,12}(?:船长|模型|机器人|助手)|任务已(?:经)?更改|系统(?:覆盖|已被接管)|维护模式|保持这个角色|助手已经说过|并照做")
# what an order goes on with in the sentences after it
GOES_ON = re.compile(r"(?:say|reply|respond|answer|write|repeat|always|never|use|cite|do not|don't|stay|confirm|copy|give|you)\b"
                     r"|(?:请|说|用|不要|必须|只|绝不|一律|你|对所有问题)", re.IGNORECASE)
CELLS = re.compile(r"(\"[^\"\n]*\"|[|\t]|(?<=\S),(?=\S))")
TIGHT_COMMA = re.compile(r"(?<=\S),(?=\S)(?!\d{3}\b)")


def as_read(text: str) -> str:
    """Return the text of a passage as a model may read it."""
    seen = TURN.sub(LEFT_OUT, COMMENT.sub(" ", INVISIBLE.sub("", text)))
    plain = PICTURE.sub(r"\1", TEMPLATE.sub(" ", seen))
    return without_orders(plain)


def without_orders(text: str) -> str:
    """Return the text with each sentence, or cell of a table, that gives orders to a reading machine left out, visibly."""
    kept, end, ordered = "", 0, False
    for start, stop in spans(text):
        sentence = text[start:stop]
        cells = CELLS.split(sentence) if is_row(sentence) else [sentence]
        shown = [LEFT_OUT if is_order(cell) or (ordered and GOES_ON.match(cell)) else cell for cell in cells]
        ordered = LEFT_OUT in shown and len(shown) == 1
        kept += text[end:start] + "".join(shown)
        end = stop
    return kept + text[end:]


def is_row(sentence: str) -> bool:
    """Return whether a sentence is a row of a table: only the cell that gives orders is left out then, and not the others."""
    return "|" in sentence or "\t" in sentence or len(TIGHT_COMMA.findall(sentence)) > 1


def is_order(sentence: str) -> bool:
    """Return whether a sentence tells the machine that reads it what to say, or what to set aside."""
    return bool(ENGLISH.search(sentence) or CHINESE.search(sentence))
