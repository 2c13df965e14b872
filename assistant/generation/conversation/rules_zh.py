"""Rewrite Chinese follow-up questions by rule."""

from __future__ import annotations

import re

from assistant.datatypes import CITED, Turn
from assistant.generation.conversation.entities import FollowUpKind, Rewriting, entities, replace_span, substitute_entities
from assistant.text.languages import HAN

FEW, SHORT = 4, 12  # content characters
END = "？?。！! "
CONNECTIVE = re.compile(r"^(?:(?:好的?|嗯|谢谢|明白了|知道了)[，,。\s]*)?(?:那么|那(?![个些份家台次种条位里边天年时])|还有"
                        r"|另外|以及|而且|然后|换成|如果是|要是)?[，,\s]*")
PARTICLE = re.compile(r"(?:的话)?(?:又|则)?(?:呢|怎么样|如何|怎样|又如何)?[？?。！!\s]*$")
ASKS = re.compile(r"什么|多少|谁|哪|几|怎|为何|为什么|吗|何时|何地|是否|有没有|是不是|能不能|可不可以|要不要|多久|多长|多大"
                  r"|多高|多远|多快")
PRONOUN = re.compile(
    r"它们?|(?<![其吉])他们?(?!人)|她们?|(?<![及与尤极])其(?=[^他它中实余次间])|(?:这|那)(?:个|些|份|家|台|次|种|条|位|款|项|本|笔|张|里|边|件|天|年|样)|"
    r"^(?:这|那)(?=[是会要有])|(?<!应)该|此(?!外|后|前)|上述|前者|后者|其中"
)
PERSONAL = re.compile(r"[他她]")
DEFINING = re.compile(r"^什么是|是什么意思|指的?是什么|是谁[？?]?$")
CONTINUATION = re.compile(
    r"^(?:那|那么|但是?|可是|所以)?(?:为什么|为何|怎么会|什么时候|何时|哪里|在哪里?|谁|多少|多少钱|多久|几个|哪个|哪些|还有吗|还有呢|"
    r"还有别的吗|然后呢|接着呢|继续|详细(?:一?点|说说|讲讲)|具体(?:呢|说说|一点|是什么)?|再?多?说一?点|展开(?:说说)?|怎么说|真的吗|确定吗|"
    r"你确定吗|哪里写的|出处呢|出处在哪里?|依据是什么|什么意思)(?:呢|吗|啊)?[？?。！!\s]*$"
)
FUNCTION_WORDS = re.compile(
    r"什么时候|什么|多少钱?|为什么|为何|怎么样?|如何|哪[里个些儿一]?|几[个次天年]?|多[久长大高远快少]|谁|何时|是否|有没有|是不是|"
    r"能不能|可不可以|请问|请|吗|呢|吧|啊|的|了|是|在|有|和|与|会|能|可以|需要|要|应该|必须|应|到底|一共|总共|分别|都|也|还|又|就|才|被|把|给|"
    r"对|向|从|由|按照?|根据|以及|或者?|不|没有?|我|你|您|我们"
)
BREAK = re.compile(
    r"[，,、。？?！!；;：:（）()\s]|的|是|在|到|由|对|给|向|从|按照?|根据|依据|什么时候|什么|多少|谁|哪[里个些儿一种款类位家所项]?|几|多久|多长|怎么|如何|为什么|吗|呢|"
    r"需要|应该|必须|可以|有|能|每|和|与|或|被|把|要(?!求)|请问"
)
CHOICE = re.compile(r"哪[种个款类家所]|什么型号|叫什么")
ASKED = re.compile(r"什么时候|什么|多少|谁|哪|几|多久|多长|怎么|如何|为什么|何时|是否|能否")
NAMED = re.compile(rf"(?:是|为|由|叫|：|:|，)([{HAN}·]{{2,4}}?)(?=[，,。；、（(\s]|负责|担任|签|提出|主持|批准|\[|$)")
LONGEST_NAME = 6


def rewrite_zh(question: str, last: Turn) -> Rewriting:
    """Return the search queries for a question, given the last turn."""
    before = last.standalone
    core, opened = strip_connective(question)
    core = core.strip(END)
    own = content_characters(core)
    if CONTINUATION.match(question) or (core.startswith(("为什么", "为何")) and len(own) <= FEW):
        return Rewriting((f"{before.rstrip(END)}？{question}",), FollowUpKind.CONTINUATION)
    if not ASKS.search(core) and len(content_characters(core)) <= SHORT and not PRONOUN.fullmatch(core):
        return ellipsis(core, before) if opened or len(core) <= FEW else Rewriting((question,))
    if has_unresolved_pronoun(question):
        return resolve_pronoun(question, last)
    if (entities(core) and len(own) > FEW) or DEFINING.search(core) or "《" in core:
        return Rewriting((question,))
    if len(own) <= FEW or (opened and len(own) <= SHORT):
        return Rewriting((f"{topic(last)} {core}", core), FollowUpKind.ELLIPSIS, confident=False)
    return Rewriting((question,))


def ellipsis(fragment: str, before: str) -> Rewriting:
    """Return the last question with the fragment substituted; up to two readings if it is ambiguous."""
    exchange, rest = substitute_entities(before, fragment)
    if exchange != before:
        more = content_characters(rest)
        sure = not more or more in before
        return Rewriting((exchange if sure else f"{exchange} {more}",), FollowUpKind.ELLIPSIS, confident=sure)
    readings = list(dict.fromkeys(substitute(fragment, before)))
    alone = f"{before.rstrip(END)} {fragment}"
    return Rewriting(tuple(readings[:2]) or (alone,), FollowUpKind.ELLIPSIS, confident=len(readings) == 1)


def substitute(fragment: str, before: str) -> list[str]:
    """Return the last question with the fragment in place of each possible constituent, the likeliest first."""
    spans = segments(before)
    alike = {span: shared_suffix(fragment, before[slice(*span)]) for span in spans}
    nearest = max(alike.values(), default=0)
    if nearest:
        chosen = [span for span in spans if alike[span] == nearest]
        return [replace_span(fragment, before, chosen[-1])]
    asked = ASKED.search(before)
    focus = [span for span in spans if asked is None or span[1] <= asked.start()]
    return [*(replace_span(fragment, before, span) for span in focus[-1:]), f"{before.rstrip(END)} {fragment}"]


def resolve_pronoun(question: str, last: Turn) -> Rewriting:
    """Return the question with its pronoun replaced by its referent."""
    match = PRONOUN.search(question)
    assert match is not None
    about, sure = find_referent(question[match.end():], bool(PERSONAL.match(match.group())), last)
    return Rewriting((question[: match.start()] + about + question[match.end():],), FollowUpKind.PRONOUN, sure)


def find_referent(after: str, personal: bool, last: Turn) -> tuple[str, bool]:
    """Return the referent of a pronoun and whether it is certain; `after` is the text that follows ("合同" of "该合同")."""
    before = last.standalone
    parts = [before[slice(*span)] for span in segments(before)]
    if personal:
        if "谁" in before or "哪位" in before or "叫什么" in before:
            name = person_in(CITED.sub("", last.answer), before)
            return (name, True) if name else (f"{topic(last)} ", False)
        return (parts[0], True) if parts else (topic(last), False)
    # "这份合同" refers to the last segment that ends in the same word
    headed = [part for part in parts if len(part) > 2 and part[-2:] == after[:2]]
    return (headed[-1][:-2], True) if headed else (f"{topic(last)} ", False)


def topic(last: Turn) -> str:
    """Return the content of the last question, with the title of its source if it is short."""
    before = last.standalone
    parts = [before[slice(*span)] for span in segments(before)]
    titled = [last.citations[0].title] if last.citations and sum(map(len, parts)) < FEW else []
    given = CITED.sub("", last.answer).rstrip("。. ")
    named = [given] if CHOICE.search(before) and len(given) <= SHORT and not last.abstained else []
    return " ".join([*titled, *dict.fromkeys([*named, *parts])])


def strip_connective(question: str) -> tuple[str, bool]:
    """Return the question without leading and trailing particles (那, 呢), and whether there was one."""
    opening = CONNECTIVE.match(question)
    rest = question[opening.end():] if opening else question
    core = PARTICLE.sub("", rest)
    particle = rest[len(core):].strip("？?。！! \t")
    return (core if core else rest).strip(), bool(particle) or len(rest) < len(question)


def content_characters(text: str) -> str:
    """Return the characters of a text except function words and punctuation."""
    return re.sub(r"[\W_]+", "", FUNCTION_WORDS.sub("", text))


def segments(question: str) -> list[tuple[int, int]]:
    """Return the spans between function words, which can be substituted."""
    found, start = [], 0
    for match in [*BREAK.finditer(question), None]:
        end = match.start() if match else len(question)
        if end - start >= 2:
            found.append((start, end))
        start = match.end() if match else end
    return found


def shared_suffix(first: str, second: str) -> int:
    """Return the length of the common suffix: Chinese compounds of one kind share their last characters."""
    shared = 0
    for one, other in zip(reversed(first), reversed(second), strict=False):
        if one != other:
            break
        shared += 1
    return shared


def person_in(answer: str, question: str) -> str:
    """Return the name in a short answer to "who"; an empty string if it cannot be determined."""
    bare = "".join(character for character in BREAK.sub("", answer) if character not in question)
    if 1 < len(bare) < LONGEST_NAME:
        return bare
    found = NAMED.findall(answer)
    return str(found[0]) if found else ""


def has_unresolved_pronoun(question: str) -> bool:
    """Return whether a pronoun of the question refers to something outside it."""
    match = PRONOUN.search(question)
    return bool(match) and len(content_characters(question[: match.start() if match else 0])) < LONGEST_NAME
