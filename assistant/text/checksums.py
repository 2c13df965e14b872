"""Checksums of identifiers: payment cards, bank accounts, and identity numbers of several countries."""

from __future__ import annotations

import re


def digits(text: str) -> str:
    """Return the digits of a text."""
    return "".join(character for character in text if character.isdecimal())


def is_luhn(text: str) -> bool:
    """Return whether the digits pass the Luhn test (ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(digits(text))):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


CARD_PREFIXES = {14: re.compile(r"3[0689]"), 15: re.compile(r"3[47]"), 16: re.compile(r"4|5[1-5]|2[2-7]|6|35"),
                 17: re.compile("62"), 18: re.compile("62"), 19: re.compile("62|4|6")}


def is_card(text: str) -> bool:
    """Return whether a number has the length, the prefix and the checksum of a payment card."""
    number = digits(text)
    prefix = CARD_PREFIXES.get(len(number))
    return bool(prefix and prefix.match(number)) and is_luhn(number) and len(set(number)) > 1


# lengths by country: ISO 13616 registry
IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21,
    "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24,
    "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29,
    "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24,
    "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}


def is_iban(text: str) -> bool:
    """Return whether a text is an international bank account number with its length and checksum (ISO 13616, mod 97)."""
    number = re.sub(r"[\s-]", "", text).upper()
    if IBAN_LENGTHS.get(number[:2]) != len(number):
        return False
    return int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1


RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def is_resident_id(text: str) -> bool:
    """Return whether 18 characters are a resident identity number of mainland China (GB 11643: date of birth, checksum)."""
    number = re.sub(r"\s", "", text).upper()
    month, day = int(number[10:12]), int(number[12:14])
    total = sum(weight * int(digit) for weight, digit in zip(RESIDENT_WEIGHTS, number, strict=False))
    return 1 <= month <= 12 and 1 <= day <= 31 and number[6:8] in {"18", "19", "20"} and number[17] == "10X98765432"[total % 11]


def is_hong_kong_id(text: str) -> bool:
    """Return whether a text is a Hong Kong identity card number: letters, six digits, check character in brackets."""
    found = re.sub(r"[^A-Z0-9]", "", text.upper())
    letters, check = found[:-7], found[-1]
    values = [ord(letter) - 55 for letter in letters.rjust(2, "[")]  # a space counts 36
    values += [int(digit) for digit in found[-7:-1]]
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    return (total + (10 if check == "A" else int(check, 36))) % 11 == 0


def is_taiwan_id(text: str) -> bool:
    """Return whether a text is a national identification number of Taiwan: a letter, nine digits with a checksum."""
    code = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(text[0].upper()) + 10
    values = [code // 10, code % 10, *map(int, text[1:])]
    return sum(value * weight for value, weight in zip(values, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10 == 0


def is_social_security_number(text: str) -> bool:
    """Return whether a text is a US social security or taxpayer number: no area 000 or 666, no group 00, no serial 0000."""
    area, group, serial = re.split(r"[- ]", text) if not text.isdecimal() else (text[:3], text[3:5], text[5:])
    return area not in {"000", "666"} and group != "00" and serial != "0000"


VERHOEFF = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432", "7659821043",
            "8765932104", "9876543210")
PERMUTATION = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258")


def is_aadhaar(text: str) -> bool:
    """Return whether twelve digits are an Indian Aadhaar number (Verhoeff checksum)."""
    check = 0
    for place, digit in enumerate(reversed(digits(text))):
        check = int(VERHOEFF[check][int(PERMUTATION[place % 8][int(digit)])])
    return check == 0


def is_french_number(text: str) -> bool:
    """Return whether fifteen digits are a French social security number (key: 97 minus the number mod 97)."""
    number = digits(text)
    return len(number) == 15 and int(number[13:]) == 97 - int(number[:13]) % 97


def is_spanish_id(text: str) -> bool:
    """Return whether a text is a Spanish DNI or NIE: eight digits and a check letter."""
    number = re.sub(r"[-\s.]", "", text).upper()
    value = str("XYZ".index(number[0])) + number[1:-1] if number[0] in "XYZ" else number[:-1]
    return number[-1] == "TRWAGMYFPDXBNJZSQVHLCKE"[int(value) % 23]


def is_brazilian_number(text: str) -> bool:
    """Return whether eleven digits are a Brazilian CPF with its two check digits."""
    number = [int(digit) for digit in digits(text)]
    for length in (9, 10):
        total = sum(digit * weight for digit, weight in zip(number[:length], range(length + 1, 1, -1), strict=True))
        if number[length] != total * 10 % 11 % 10:
            return False
    return len(set(number)) > 1
