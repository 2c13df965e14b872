"""Say which sentences of passages may be orders to whoever answers, and whether an answer follows one.

Most such sentences are ordinary ("You must tell the landlord within three days."): a model reads all of them. Only where its
answer refuses, or has words that stand in no other sentence, it is asked a second time without them; the second answer holds
where the rest of the passages bears it out in full. So most injected orders fail, and an ordinary instruction is answered from as
ever.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.text.sentences import tokens

ADDRESSEE = r"(?:assistants?|chat ?bots?|language models?|AI(?: (?:systems?|models?|assistants?))?|LLMs?|GPT)"
SPEAK = (r"(?:say|state|tell|reply|respond|answer|give|repeat|write|output|print|show|add|append|encode|include|finish|end|"
         r"confirm)")
SUSPECT_EN = re.compile(
    # set aside what came before
    r"\b(?:ignore|disregard|forget|override)\b[^.!?\n]{0,30}\b(?:above|previous|earlier|prior|preceding|instructions?|prompt|"
    r"(?:user's )?questions?|context|column|(?:rest|name) of the)\b"
    # speak to the machine
    rf"|(?:^|[\s(\"“]){ADDRESSEE}\s*(?::\s*\w|,\s*(?:please\s+)?(?:{SPEAK}|do|never|always|you|ignore|disregard|forget)\b)"
    rf"|\b(?:note|notice|instructions?|message) (?:to|for) (?:the |all |any )?{ADDRESSEE}\b"
    rf"|\b{ADDRESSEE}\b[^.!?\n]{{0,40}}\b(?:must|should|shall|has to|have to|may only)\b[^.!?\n]{{0,20}}\b{SPEAK}\b"
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
    r"|\b(?:decode|translate) this\b[^.!?\n]{0,30}\bdo\b|\bdo what it says\b"
    # speak of the answer as the reader's own, of what is to be said, and of passages by number
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

# from such a mark on a text pretends to be a conversation with the reader
FORGED = re.compile(
    r"<[|｜][^|｜<>\n]{1,40}[|｜]>|\[INST\]|<<SYS>>|<start_of_turn>|</(?:passages?|context|documents?)>"
    r"|^#{2,4} ?(?:system|response|assistant|user|系统|回答|助手|用户) ?[:：]?[ \t]*$"
    r"|^(?:user|human|assistant|AI|用户|人类|助手|机器) ?[:：]", re.IGNORECASE | re.MULTILINE)


def forged_conversation_start(text: str) -> int:
    """Return where a text begins to pretend that it is a conversation with whoever reads it; its length where it does not."""
    found = FORGED.search(text)
    return found.start() if found else len(text)


def looks_like_instruction(sentence: str) -> bool:
    """Return whether a sentence may tell the machine that reads it what to say; many ordinary ones may."""
    return bool(SUSPECT_EN.search(sentence) or SUSPECT_ZH.search(sentence))


def draws_on_instructions(answer: str, orders: Sequence[str], question: str, rest: str) -> bool:
    """Return whether an answer has words of orders that stand neither in the question nor in the rest of the passages."""
    own = set(tokens(answer)) - set(tokens(question)) - set(tokens(rest))
    return bool(own & {word for order in orders for word in tokens(order)})
