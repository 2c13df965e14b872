"""Words of one meaning that a paraphrase exchanges, in English and Chinese: begin and start, 举行 and 举办."""

from __future__ import annotations

ENGLISH = """
begin/start/commence finish/conclude buy/purchase film/movie big/large physician/doctor repair/fix/mend employee/staff/worker
show/display reply/respond/answer help/assist receive/obtain include/contain/comprise locate/situate
approximately/roughly
often/frequently quickly/rapidly increase/rise/grow decrease/decline/fall/drop reduce/lower build/construct/erect
try/attempt leave/depart
car/vehicle price/fee/cost/charge pupil/student send/forward need/require choose/select happen/occur say/mention total/sum
company/firm house/home ill/sick fault/error consent/permission luggage/baggage truck/lorry waste/garbage/rubbish
vacation/holiday
""".split()
BASES = {word: group.split("/")[0] for group in ENGLISH for word in group.split("/")}
CHINESE = tuple(tuple(group.split("/")) for group in (
    "包括/包含/含有/涵盖 名为/名叫/又名/又叫/又称/称为/叫做/叫作 担任/接任/出任 举行/举办/召开 "
    "位于/坐落于/地处 建造/修建/建成/兴建/建 "
    "开始/启动 结束/完结 购买/购入/买 公布/颁布/发布 使用/采用/用 通常/经常/一般 需要/需/要 组成/构成 建立/成立/设立/创立/创办 "
    "员工/职工/雇员 费用/价格/价钱 入院/住院 教/教授/任教 负责/主管 来往/往来 影片/电影 治疗/医治 逝世/去世/病逝 "
    "存放/保存/储存 寄/邮寄/寄送 发现/查出 抵达/到达/到 出发/启程 离开/驶离 收到/接到 获得/取得 增加/新增/添加 损坏/损伤"
).split())


def are_synonyms_zh(old: str, claim: str, source: str) -> bool:
    """Return whether the characters of `old` are of a word of the claim for which the source has another one of its group."""
    return any(set(old) <= set(word) and word in claim and any(other in source for other in group if other != word)
               for group in CHINESE for word in group)
