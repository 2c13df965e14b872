"""Find what a text denies, and pairs of opposite words, in English and Chinese.

A negation counts for the words that follow it in its clause. Bounds such as "no more than" deny nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

BOUNDS_EN = re.compile(
    r"\b(?:(?:no|not)\s+(?:more|greater|higher|later|longer|less|fewer|lower|earlier|sooner)\s+than"
    r"|(?:(?:must|may|shall|should|can|do|does|to)\s*not|cannot|never|without)\s+exceed(?:ing|ed)?|not\s+(?:only|just|least)|no\.?\s?(?=\d)"
    r"|whether\s+or\s+not|no\s+doubt|nothing\s+(?:but|other)|not\s+until)\b", re.IGNORECASE)
NEGATIONS_EN = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|forbid\w*|forbad\w*|prohibit\w*|bann?(?:ed|s)?|disallow\w*|lacks?"
    r"|lacking|free\s+of(?=\s+(?:charge|cost|duty|tax))|out\s+of(?=\s+(?:service|order|use|stock|print|date|operation))"
    r"|exempt)\b|n['’]t\b", re.IGNORECASE)
BOUNDS_ZH = re.compile(
    "(?:不|不得|不能|不可|不应|不應|未)(?:超过|超過|多于|多於|大于|大於|高于|高於|晚于|晚於|迟于|遲於|少于|少於|低于|低於|小于|小於)")
ORDINARY_ZH = re.compile(
    "不(?:仅|僅|但|久|同|断|斷|管|论|論|(?:过|過)(?!敏|期|关|滤|热|载|高|多|夜)|锈|銹|动产|動產|等|已|禁|由|列颠|如|足|到|止|时|時|惜|少)|无(?:论|線|线|锡|數|数|比|疑)|無(?:論|線|數|比|疑)"
    "|非(?:常|洲|正式)|除非|莫非|未(?:来|來|必|央|婚)|免疫|别墅|(?:个|個|特|分|区|區|级|級|性|类|類|识|識|告|离|離|差|派|鉴|另|各)别"
    "|别(?:名|称|稱|的|人|处|處|号|號|府|院)|没落|沒落|淹没|沉没|停(?:车|車|留|泊|靠)|差不多|是不是|能不能|有没有|莫(?:斯科|扎特|大|名)|避免|难免|免费|免費")
NEGATIONS_ZH = re.compile("禁止|严禁|嚴禁|不|没有|沒有|没|沒|未|无|無|勿|免|禁|莫|别|非|停(?=[航业業运運止用工])|谢绝|拒绝")
OPPOSITE_WORDS = (
    "enable/disable enabled/disabled open/closed opens/closes opened/closed include/exclude included/excluded "
    "includes/excludes includes/without allow/forbid accept/reject accepted/rejected increase/decrease "
    "increased/decreased rose/fell rise/fall rises/falls above/below before/after more/less more/fewer most/least "
    "maximum/minimum first/last win/lose won/lost start/end starts/ends begin/end begins/ends began/ended on/off "
    "left/right north/south east/west northern/southern eastern/western import/export imports/exports buy/sell "
    "bought/sold internal/external early/late earlier/later upper/lower succeed/fail succeeded/failed present/absent "
    "mandatory/optional required/optional public/private high/low higher/lower long/short longer/shorter gain/loss "
    "profit/loss summer/winter inside/outside with/without always/never all/none older/younger oldest/youngest "
    "largest/smallest highest/lowest longest/shortest earliest/latest male/female hot/cold top/bottom front/rear "
    "arrive/depart arrives/departs arrives/leaves arrival/departure income/expenditure income/expenses "
    "assets/liabilities mother/father son/daughter brother/sister husband/wife morning/evening am/pm free/paid "
    "same/different approve/reject approved/rejected approves/rejects approved/refused granted/refused granted/denied "
    "agreed/refused admitted/denied raise/lower raised/lowered raises/lowers increased/lowered raised/reduced increased/reduced "
    "fall/increase fell/increased falls/increases dropped/increased dropped/rose declined/rose declined/increased shrank/grew "
    "strengthened/weakened add/remove added/removed adds/removes attach/detach arrived/left hired/dismissed praised/criticised "
    "borrow/lend borrowed/lent borrows/lends gained/lost passed/failed confirmed/denied confirmed/cancelled held/cancelled "
    "locked/unlocked healthy/ill safe/dangerous empty/full wet/dry cheap/expensive cheaper/dearer easy/difficult strong/weak "
    "minimum/maximum vertical/horizontal vertically/horizontally indoors/outdoors alive/dead before/during after/during "
)
OPPOSITES: dict[str, frozenset[str]] = {}
for _pair in OPPOSITE_WORDS.split():
    _one, _other = _pair.split("/")
    OPPOSITES[_one] = OPPOSITES.get(_one, frozenset()) | {_other}
    OPPOSITES[_other] = OPPOSITES.get(_other, frozenset()) | {_one}
PREFIXES = ("un", "dis", "in", "im", "non", "ir", "il")
OPPOSITES_ZH = tuple(tuple(pair.split("/")) for pair in (
    "开启/关闭 打开/关闭 开放/关闭 启用/停用 启用/禁用 增加/减少 上升/下降 上涨/下跌 提高/降低 最高/最低 "
    "最多/最少 最大/最小 最早/最晚 以上/以下 之前/之后 以前/以后 同意/拒绝 成功/失败 收入/支出 进口/出口 "
    "上午/下午 早上/晚上 左侧/右侧 左边/右边 买入/卖出 内部/外部 必须/可选 公开/保密 包含/不含 包括/除外 "
    "第一/最后 首/末 南/北 东/西 收费/免费 付费/免费 缴费/免费 通过/否决 批准/否决 "
    "批准/驳回 支持/反对 赞成/反对 战胜/负于 击败/负于 增加/下降 增长/下降 "
    "上升/减少 提高/下调 上调/下调 借入/借出 租入/租出 聘用/解雇 "
    "入院/出院 垂直/水平 室内/室外 安全/危险 "
    "有效/无效 合格/不合格 新增/取消 存在/不存在 开放/闭馆 开放/休息 "
    "营业/休息 开放/停业 营业/停业 营业/歇业 父/母 儿子/女儿 夏季/冬季 "
).split())

PLACES_ZH = (("前", "后"), ("内", "外"))  # behind a noun: 饭前
NOUN_ZH = re.compile("([^之以\\W])[前后内外]")


def negations(text: str, chinese: bool) -> Iterator[tuple[int, int]]:
    """Yield the span of each word that denies what follows."""
    if not chinese:
        blank = BOUNDS_EN.sub(lambda match: " " * len(match.group()), text)
        yield from (match.span() for match in NEGATIONS_EN.finditer(blank))
        return
    blank = BOUNDS_ZH.sub(lambda match: " " * len(match.group()), text)
    blank = ORDINARY_ZH.sub(lambda match: " " * len(match.group()), blank)
    yield from (match.span() for match in NEGATIONS_ZH.finditer(blank))


def are_opposite(word: str, other: str) -> bool:
    """Return whether two lower-case English words are opposites: open and closed, available and unavailable."""
    return other in OPPOSITES.get(word, ()) or any(word == prefix + other or other == prefix + word for prefix in PREFIXES)


def count_opposites_zh(claim: str, source: str) -> int:
    """Return how many opposites two Chinese texts have, of which each has one word."""
    placed = ((f"{noun}{one}", f"{noun}{other}") for one, other in PLACES_ZH for noun in NOUN_ZH.findall(claim))
    return sum((one in claim and other not in claim and other in source and one not in source)
               or (other in claim and one not in claim and one in source and other not in source)
               for one, other in {*OPPOSITES_ZH, *placed})
