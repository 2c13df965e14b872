"""Kinds of quantities that columns of numbers hold: money, prices, durations, numbers of things, temperatures, humidity."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from assistant.datatypes.tables import Column, TableInfo
from assistant.tables.links import is_year_column
from assistant.tables.tokens import form_of, forms
from assistant.tables.values import CURRENCY


class Quantity(StrEnum):
    """What the numbers of a column measure."""

    MONEY = "money"
    PRICE = "price"  # of one thing: prices of different things are not added up
    DURATION = "duration"
    COUNT = "count"
    TEMPERATURE = "temperature"
    HUMIDITY = "humidity"


CURRENCIES = "|".join(sorted({re.escape(code) for code in (*CURRENCY, *CURRENCY.values())}, key=len, reverse=True))
UNITS = {
    Quantity.MONEY: re.compile(rf"(?:k|m|mio\.?|bn|千|万|百万|亿)?\s?(?:{CURRENCIES}|元)", re.I),
    Quantity.DURATION: re.compile(r"h|hrs?|hours?|min|mins|minutes?|days?|小时|工时|分钟|天", re.I),
    Quantity.COUNT: re.compile(r"pcs?\.?|pieces?|units?|件|个|台|箱|包|盒", re.I),
    Quantity.TEMPERATURE: re.compile(r"°\s?[CF]|℃|℉|K"),
}
HEADERS = {  # words of headers, in this order: "Total price" is money, "Unit price" is a price
    Quantity.PRICE: "price preis 单价 价格 均价 售价 进价",
    Quantity.MONEY: (
        "amount cost revenue turnover income expense expenditure spending spend payment earnings sales proceeds net gross netto "
        "brutto betrag total 金额 费用 成本 收入 支出 销售额 营收 总价 花费 开销"
    ),
    Quantity.DURATION: "hours hrs duration minutes stunden 工时 小时 时长",
    Quantity.COUNT: "quantity qty units stock pieces pcs menge 数量 库存 件数 销量 存量",
    Quantity.TEMPERATURE: "temperature temp temperatur 温度 气温",
    Quantity.HUMIDITY: "humidity 湿度",
}
WORDS = {quantity: frozenset(form_of(word) for word in words.split()) for quantity, words in HEADERS.items()}
TOTAL = re.compile(r"\btotal\b|总价", re.I)
# amounts that are a part of another one or a running sum: they are meant only where a question names them
PARTIAL = re.compile(
    r"(?:^|_)(?:vat|tax|taxes|mwst|discount|shipping|balance|saldo|rate|limit)(?:_|$)|税|折扣|运费|余额|限额", re.I
)
PER_UNIT = re.compile(r"(?:^|_)(?:unit_price|unit_cost|price_per|cost_per|per|hourly|each|rate)(?:_|$)|单价|均价", re.I)
MEASURED_BY_UNIT = frozenset({Quantity.MONEY, Quantity.PRICE})


def quantity_of(column: Column) -> Quantity | None:
    """Return the quantity that a column of numbers measures, by its unit and its header; None if neither tells it."""
    if not column.is_numeric or is_year_column(column):
        return None
    by_header = header_quantity(column)
    by_unit = next((quantity for quantity, pattern in UNITS.items() if pattern.fullmatch(column.unit)), None)
    if by_unit is Quantity.MONEY:
        return Quantity.PRICE if by_header is Quantity.PRICE or PER_UNIT.search(column.name) else Quantity.MONEY
    if by_unit is not None or (column.unit and by_header in MEASURED_BY_UNIT):
        return by_unit
    return by_header


def header_quantity(column: Column) -> Quantity | None:
    """Return the quantity that the header of a column names; None if it names none."""
    header = column.header or column.name.replace("_", " ")
    words = set(forms(header))
    found = [
        quantity
        for quantity, names in WORDS.items()
        if any(name in words if name.isascii() else name in column.name for name in names)
    ]
    return Quantity.MONEY if found and found[0] is Quantity.PRICE and TOTAL.search(header) else next(iter(found), None)


def columns_of(table: TableInfo, quantities: Iterable[Quantity]) -> list[Column]:
    """Return the columns of a table that measure some quantities, without partial amounts.

    Prices stand for money in a table that has no other column of money and no numbers of things to multiply them by.
    """
    kinds = {column.name: quantity_of(column) for column in table.columns if not PARTIAL.search(column.name)}
    wanted = set(quantities)
    if Quantity.MONEY in wanted and not {Quantity.MONEY, Quantity.COUNT} & set(kinds.values()):
        wanted.add(Quantity.PRICE)
    return [column for column in table.columns if kinds.get(column.name) in wanted]


def is_per_unit(column: Column) -> bool:
    """Return whether the numbers of a column belong to one thing each, so that a sum of them means nothing."""
    return bool(PER_UNIT.search(column.name)) or quantity_of(column) in {Quantity.TEMPERATURE, Quantity.HUMIDITY}
