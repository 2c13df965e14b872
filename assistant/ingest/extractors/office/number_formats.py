"""Show numbers in the number formats of a workbook: percentages, currencies, units and leading zeros.

A small part of the format codes of ECMA-376 part 1, 18.8.30 (numFmts): formats that add text or digits to the number. A format
that only rounds or groups, and one for dates, fractions or powers of ten, is left to the caller, who shows the value itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from zipfile import ZipFile

from assistant.ingest.extractors.zip_package import attribute, child_of, optional_xml, tag_name, whole_number

BUILT_IN = {  # the codes that a workbook need not list; the currency is that of the program's language, here "$"
    5: '"$"#,##0_);("$"#,##0)', 6: '"$"#,##0_);("$"#,##0)', 7: '"$"#,##0.00_);("$"#,##0.00)', 8: '"$"#,##0.00_);("$"#,##0.00)',
    9: "0%", 10: "0.00%", 42: '_("$"* #,##0_);_("$"* (#,##0)', 44: '_("$"* #,##0.00_);_("$"* (#,##0.00)',
}
TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|[_*].|\[\$(?P<symbol>[^\]\-]*)[^\]]*\]|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<digits>General|[#0?][#0?,]*(?:\.[#0?]*)?|\.[0?#]+)|(?P<other>.)", re.S)
COLOUR = re.compile(r"(?:black|blue|cyan|green|magenta|red|white|yellow|color\s?\d+)\Z", re.I)
BARE = frozenset(" $€£¥₹%()+-:'")  # characters that need no quotes
SIGNS = frozenset("-(")
SAYS_NOTHING = re.compile(r"[\s()+\-:'.,]*\Z")  # literal text without which the value is the same
MOST_DIGITS = 30


@dataclass(frozen=True, slots=True)
class FormatSection:
    """The part of a format for positive, negative or zero values: the text before and after the number, and its digits."""

    before: str
    digits: str  # "#,##0.00", "General", or "" if the section shows no number
    after: str

    @property
    def text(self) -> str:
        """The literal text."""
        return self.before + self.after

    def show(self, value: Decimal) -> str:
        """Return a value that is not negative."""
        number = value * 100 if "%" in self.text else value
        return f"{self.before}{_digits(number, self.digits)}{self.after}".strip()


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A number format that adds something to the value."""

    sections: tuple[FormatSection, ...]

    def show(self, value: float) -> str:
        """Return the number as a spreadsheet shows it. A negative number keeps its sign even if only a colour shows it."""
        exact = Decimal(value) if isinstance(value, int) else Decimal(f"{value:.15g}")
        section = self._section_for(exact)
        shown = section.show(abs(exact))
        has_sign = section is not self.sections[0] and SIGNS.intersection(section.text)
        return f"-{shown}" if exact < 0 and not has_sign else shown

    def _section_for(self, value: Decimal) -> FormatSection:
        """Return the section for negative or zero values if there is one that shows the number, else the first."""
        number = 1 if value < 0 else 2 if value == 0 else 0
        own = self.sections[number] if number < len(self.sections) else self.sections[0]
        return own if own.digits.strip("?") else self.sections[0]


def parse_format(code: str) -> NumberFormat | None:
    """Return the format of a code, or None if it adds nothing to the value or is of another kind."""
    sections = [_parse_section(section) for section in _split_sections(code)[:3]]
    first = sections[0]
    if first is None or not first.digits or any(section is None for section in sections):
        return None
    if SAYS_NOTHING.match(first.text) and not re.fullmatch("0{2,}", first.digits):
        return None
    return NumberFormat(tuple(section for section in sections if section))


def formats_of_styles(archive: ZipFile, styles: str = "xl/styles.xml") -> dict[int, NumberFormat]:
    """Return the formats that add something to a value, by the index of the cell style."""
    root = optional_xml(archive, styles)
    listed = {whole_number(attribute(node, "numFmtId"), -1): attribute(node, "formatCode") for node in child_of(root, "numFmts")}
    formats = {number: parse_format(code) for number, code in {**BUILT_IN, **listed}.items()}
    found: dict[int, NumberFormat] = {}
    cells = (node for node in child_of(root, "cellXfs") if tag_name(node) == "xf")
    for index, cell in enumerate(cells):
        if shown := formats.get(whole_number(attribute(cell, "numFmtId"))):
            found[index] = shown
    return found


def _split_sections(code: str) -> list[str]:
    """Split a code at its semicolons outside of quotes."""
    pieces = re.findall(r'(?:"[^"]*"|\\.|[^;"\\])+|;', code, re.S)
    sections = [""]
    for piece in pieces:
        if piece == ";":
            sections.append("")
        else:
            sections[-1] += piece
    return sections


def _parse_section(section: str) -> FormatSection | None:
    """Return a section, or None if it has a condition, a date, a fraction, a power of ten or several groups of digits."""
    before, digits, after = "", "", ""
    for token in TOKEN.finditer(section):
        kind, found = token.lastgroup, token[token.lastgroup] if token.lastgroup else ""
        if kind == "digits":
            if digits or found.endswith(","):  # the comma behind the digits divides by a thousand
                return None
            digits = found
        elif (kind == "bracket" and not COLOUR.match(found)) or (kind == "other" and found not in BARE):
            return None
        elif kind in ("quoted", "escaped", "symbol", "other"):
            before, after = (before, after + found) if digits else (before + found, after)
    return FormatSection(before, digits, after)


def _digits(value: Decimal, pattern: str) -> str:
    """Return a number that is not negative with the digits of a pattern such as "#,##0.0#"."""
    if pattern == "General":
        return f"{value.normalize():f}"
    whole, _, fraction = pattern.partition(".")
    rounded = value.quantize(Decimal(1).scaleb(-min(len(fraction), MOST_DIGITS)), ROUND_HALF_UP)
    left, _, right = f"{rounded:f}".partition(".")
    right = right[: fraction.count("0")] + right[fraction.count("0") :].rstrip("0")
    left = left.zfill(whole.count("0")) if left != "0" or whole.count("0") > 1 else left
    left = f"{int(left):,}" if "," in whole else left
    return f"{left}.{right}" if right else left
