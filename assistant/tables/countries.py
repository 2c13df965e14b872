"""Link adjectives such as "dutch" to the cells that name the country, whose name does not begin like the adjective."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.datatypes.tables import Column
from assistant.tables.connection import literal
from assistant.tables.links import Link, LinkKind
from assistant.tables.parquet import quoted
from assistant.tables.tokens import without_accents

COUNTRY_SCORE = 0.9
COUNTRIES = {  # by adjective: names, and codes (ISO 3166 and those of the Olympic committee), which must be a whole cell
    "american": ("united states|usa|america", "us"),
    "british": ("united kingdom|great britain|uk", "gb|gbr"),
    "english": ("england", "eng"),
    "dutch": ("netherlands?|holland", "nl|nld|ned"),
    "german": ("germany", "de|deu|ger"),
    "french": ("france", "fr|fra"),
    "spanish": ("spain", "es|esp"),
    "swiss": ("switzerland", "ch|che|sui"),
    "danish": ("denmark", "dk|dnk|den"),
    "swedish": ("sweden", "se|swe"),
    "polish": ("poland", "pl|pol"),
    "irish": ("ireland", "ie|irl"),
    "welsh": ("wales", "wal"),
    "scottish": ("scotland", "sco"),
    "finnish": ("finland", "fi|fin"),
    "turkish": ("turkey|turkiye", "tr|tur"),
    "greek": ("greece", "gr|grc|gre"),
    "czech": ("czech republic|czechia", "cz|cze"),
    "chinese": ("china", "cn|chn"),
    "portuguese": ("portugal", "pt|prt|por"),
    "thai": ("thailand", "th|tha"),
    "filipino": ("philippines", "ph|phl|phi"),
    "norwegian": ("norway", "no|nor"),
    "icelandic": ("iceland", "is|isl"),
    "argentine": ("argentina", "ar|arg"),
    "slovak": ("slovakia", "sk|svk"),
    "cypriot": ("cyprus", "cy|cyp"),
    "peruvian": ("peru", "pe|per"),
    "burmese": ("myanmar|burma", "mm|mmr|mya"),
    "ivorian": ("ivory coast|cote d'ivoire", "ci|civ"),
}


def country_link(column: Column, cells: Sequence[str], form: str, place: int) -> Link | None:
    """Return the link of an adjective to the cells that name its country; None if there are none."""
    if form not in COUNTRIES:
        return None
    names, codes = COUNTRIES[form]
    pattern = rf"\b(?:{form}|{names})\b|^(?:{codes})$"
    if not any(re.search(pattern, without_accents(cell), re.I) for cell in cells):
        return None
    sql = f"regexp_matches(lower(strip_accents({quoted(column.name)})), {literal(pattern)})"
    words = f"{column.header or column.name} contains {form} or its country"
    return Link(LinkKind.VALUE, column, place, place + 1, COUNTRY_SCORE, sql, words, form)
