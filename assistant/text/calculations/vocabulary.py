"""Words that tell a computation, as parts of regular expressions: of counting, averaging and money, in English and Chinese."""

COUNTERS = "个张笔份家件条名位台次项本辆只种所行人户"  # between a number and a noun
MEASURE_WORD = f"[{COUNTERS}天批]"  # of what rows of tables are
COUNTED_ZH = f"[{COUNTERS}封套款列场节篇页]"  # of what rows, files and parts of documents are
AVERAGE_WORD = "averages?"
MEAN_NOUN = "value|amount|price|cost|age|salary|score"  # "mean price", but not "mean person"
# nouns before "number of" that make it a name: the serial number of a pump counts nothing
NAMED_BY_NUMBER = (
    "account", "article", "case", "claim", "contract", "customer", "fax", "house", "id", "invoice", "model", "order", "part",
    "phone", "policy", "product", "reference", "registration", "room", "serial", "tax", "telephone", "tracking", "vat", "version")
NOT_A_NAME = "".join(rf"(?<!\b{noun} )" for noun in NAMED_BY_NUMBER)
MONEY_VERB = r"spen[dt]|pa(?:y|id)|cost|earn(?:ed)?|owed?|bill(?:ed)?|charged?|invoiced?"
MONEY_NOUN = "sell|sold|revenue|turnover|income"
MONEY_ZH = "花|付|支付|支出|收入|报销|卖|赚|欠|开销|销售"
