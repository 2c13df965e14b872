"""Find identifiers of persons and accounts in English and Chinese text: addresses, phone numbers, ID, card and account numbers.

Numbers count by their form and, where the standard has one, their checksum: ISO 13616 (IBAN), ISO/IEC 7812 (Luhn, cards),
GB 11643 (resident identity number), and those of Hong Kong, Taiwan, India, France, Spain and Brazil. Forms without a
checksum count only after a label such as "passport no.", because invoices and parts have numbers of the same form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assistant.text.checksums import (
    IBAN_LENGTHS,
    digits,
    is_aadhaar,
    is_brazilian_number,
    is_card,
    is_french_number,
    is_hong_kong_id,
    is_iban,
    is_resident_id,
    is_social_security_number,
    is_spanish_id,
    is_taiwan_id,
)

KINDS = ("EMAIL", "PHONE", "IBAN", "CARD", "ID", "PASSPORT", "ACCOUNT")


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier in a text: text[start:end]."""

    kind: str  # one of KINDS
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A form of identifier. The identifier is the group "value", or the whole match; `accepts` checks it."""

    kind: str
    form: re.Pattern[str]
    accepts: Callable[[str], bool]


DATE = re.compile(r"(?:19|20)\d\d(?:[-/. ]\d{1,2}(?:[-/. ]\d{1,2})?|-(?:19|20)\d\d)?|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d")


def is_code(text: str) -> bool:
    """Return whether a labelled value has at least four digits and is no year or date."""
    return len(digits(text)) >= 4 and not DATE.fullmatch(text.strip())


def is_phone(text: str) -> bool:
    """Return whether a text has as many digits as a phone number with its country code (E.164: at most 15)."""
    return 7 <= len(digits(text)) <= 15


def is_labelled_phone(text: str) -> bool:
    """Return whether a text after a label such as "phone" can be a number to dial, and is no year or date."""
    return 5 <= len(digits(text)) <= 15 and not DATE.fullmatch(text.strip())


def always(_: str) -> bool:
    """Return True: the form alone decides."""
    return True


BEFORE, AFTER = r"(?<![\w.+/@#-])", r"(?![\w@]|[.,/-]\d)"  # neither within a longer code nor within a number
SEPARATE = r"(?<![A-Za-z0-9_])(?<!\d[.,/-])(?<![A-Za-z][-/])(?<![-#])"  # Chinese characters may touch a number
APART = r"(?![A-Za-z0-9_])(?![.,/-]\d)(?!-[A-Za-z])"
LABEL_END = (r"(?i:\s*(?:numbers?|no\b\.?|nr\b\.?|num\b\.?|code|id\b|#|号码|号|號碼|號|编号|編號))?"
             r"(?:\s*[(（][^()（）\n]{0,24}[)）])?\s*(?:is\b|was\b|are\b|为|是|為|[:：=#])?\s*[\"“'‘「]?")


def labelled(words: str, value: str) -> re.Pattern[str]:
    """Return the pattern of a value after one of the words that name it."""
    return re.compile(rf"(?:(?<![A-Za-z])(?i:{words})(?:(?<![A-Za-z])|(?![A-Za-z]))){LABEL_END}(?P<value>{value})", re.ASCII)


def plain(form: str) -> re.Pattern[str]:
    """Return the pattern of a form that needs no label."""
    return re.compile(f"{SEPARATE}(?P<value>{form}){APART}", re.ASCII)


PHONE_WORDS = (
    r"phones?|telephones?|tel\b\.?|mobiles?|cell(?:phone)?|fax|whatsapp|sms|hotline|dial|ring"
    r"|(?:call|text|reach(?:able|ed)?)(?: (?:me|us|him|her|them))?(?: (?:at|on))?"
    r"|电话|手机|座机|固话|热线|传真|联系方式|致电|拨打|電話|手機|傳真")
ID_WORDS = (
    r"(?:(?:national|personal|resident|citizen|tax|social|insurance|health|patient|student) )?"
    r"(?:identity(?: card)?|identification|ID\b(?: card)?)"
    r"|social (?:security|insurance)|SSN|ITIN|TIN|EIN|SIN|NHS|national insurance|NINO|NI\b|medicare"
    r"|driv(?:er'?s?|ing) licen[cs]e|tax(?:payer)? (?:number|no\b\.?|reference)"
    r"|身份证件?|身分證|证件|社保卡?|医保卡?|驾驶证|驾照|学籍|纳税人识别|统一社会信用代码|居住证")
PASSPORT_WORDS = r"passport(?: (?:card|book))?|护照|護照|通行证|台胞证|回乡证"
ACCOUNT_WORDS = (
    r"(?:(?:bank|savings|current|checking|customer|client|brokerage|giro|debit|credit) )?(?:account|acct\b\.?|a/c|card)"
    r"|sort code|routing|BSB|ABA|policy|membership|member|konto"
    r"|(?:银行|储蓄|信用|借记)?卡|(?:银行)?[账帐賬帳][户戶]?|户号|会员|保单|存折|微信|QQ|支付宝")
AMOUNT = r"(?!\s?(?:[%€$£]|[元万亿人名位张次个件年月]|euros?\b|EUR\b|USD\b|GBP\b|dollars?\b|pounds?\b|people\b|times\b))"
CODE = (r"(?:[A-Z]{1,4}[- ])?[A-Za-z]{0,4}\d[A-Z0-9]*(?:[ -][A-Z]{0,3}\d[A-Z0-9]*)*(?:-[A-Z])?(?![A-Za-z0-9]|[.,]\d)"
        + AMOUNT)
EXTENSION = r"(?:\s*(?:ext\b\.?|extension|x|转|分机)\s*\d{1,6})?"
DIALLED = rf"\+?\(?\d(?:[\s.()/-]{{0,2}}\d){{4,14}}{EXTENSION}(?!\d|[.,]\d){AMOUNT}"
DOMAIN = (r"(?:(?:[A-Za-z0-9-]{1,63}\.){1,8}(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,59})(?![A-Za-z0-9-])"
          r"|(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-]))")
AT, DOT = r" ?[\[(](?:at|AT|@)[\])] ?", r" ?(?:\.|[\[(](?:dot|DOT|\.)[\])]) ?"
IBANS = "|".join(rf"{country}\d\d(?:[ -]?[A-Z0-9]){{{length - 4}}}" for country, length in IBAN_LENGTHS.items())
CARDS = r"\d{4}(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{4}(?:(?P=gap)\d{1,3})?|3\d{3}[ -]\d{6}[ -]\d{4,5}|\d{14,19}"
AMERICAN = r"(?:\+?1[\s.-])?(?:\([2-9]\d\d\)\s?|[2-9]\d\d(?P<gap>[-. ]))[2-9]\d\d(?(gap)(?P=gap)|[\s.-])\d{4}"
INTERNATIONAL = r"\+\d{1,3}[\s.-]?(?:\(\d{1,5}\)[\s.-]?)?\d(?:[\s.-]?\d){4,13}"
CHINESE = r"(?:\(0\d{2,3}\)|（0\d{2,3}）|0\d{2,3}-)\s?[2-9]\d{6,7}(?:-\d{1,5})?"
EUROPEAN = (r"0[12378]\d{2,3}[ -]\d{3}[ -]?\d{3,4}|02\d[ -]\d{4}[ -]\d{4}|0[17]\d{2}[ -/]\d{6,8}"
            r"|0[1-9](?:[ .]\d\d){4}")

PATTERNS = (
    Pattern("EMAIL", re.compile(rf"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+%'-]{{1,64}}@{DOMAIN}"), always),  # may follow Chinese text
    Pattern("EMAIL", re.compile(rf"(?<![\w.+-])[\w.+%'-]{{1,64}}@{DOMAIN}"), always),
    Pattern("EMAIL", re.compile(rf"(?<![\w.+-])[\w.+-]{{1,64}}{AT}[\w-]{{1,63}}(?:{DOT}[\w-]{{2,63}}){{1,4}}", re.ASCII), always),
    Pattern("IBAN", plain(IBANS), is_iban),
    Pattern("ID", plain(r"\d{6} ?\d{8} ?\d{3}[\dXx]"), is_resident_id),
    Pattern("CARD", plain(CARDS), is_card),
    Pattern("ID", plain(r"\d{3}-\d{2}-\d{4}"), is_social_security_number),
    Pattern("ID", plain(r"[A-Z]{1,2}\d{6} ?[(（][\dA][)）]"), is_hong_kong_id),
    Pattern("ID", plain(r"[A-Z][1289]\d{8}"), is_taiwan_id),
    Pattern("ID", plain(r"(?:[12]) ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}"), is_french_number),
    Pattern("ID", plain(r"(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZ]-?\d{7})-?[A-Z]"), is_spanish_id),
    Pattern("ID", plain(r"\d{3}\.\d{3}\.\d{3}-\d{2}"), is_brazilian_number),
    Pattern("ID", plain(r"[2-9]\d{3} \d{4} \d{4}"), is_aadhaar),
    Pattern("ID", plain(r"(?![DFIQUV])[A-Z](?![DFIQUVO])[A-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"), always),  # British, for insurance
    Pattern("PASSPORT", labelled(PASSPORT_WORDS, CODE), is_code),
    Pattern("ID", labelled(ID_WORDS, rf"{CODE}|[0-9A-Z]{{18}}(?![0-9A-Za-z])"), is_code),
    Pattern("PHONE", re.compile(rf"(?<![\w.]){INTERNATIONAL}{EXTENSION}(?!\w)", re.ASCII), is_phone),
    Pattern("PHONE", re.compile(rf"(?<![\w.-]){AMERICAN}{EXTENSION}(?![\w-]|\.\d)", re.ASCII), always),
    Pattern("PHONE", plain(r"1[3-9]\d(?P<gap>[ -]?)\d{4}(?P=gap)\d{4}"), always),  # Chinese mobile numbers
    Pattern("PHONE", plain(CHINESE + EXTENSION), always),
    Pattern("PHONE", plain(r"[48]00-?\d{3}-?\d{4}|[48]00-\d{4}-\d{3}"), always),
    Pattern("PHONE", plain(EUROPEAN), always),
    Pattern("PHONE", labelled(PHONE_WORDS, DIALLED), is_labelled_phone),
    Pattern("ACCOUNT", labelled(ACCOUNT_WORDS, CODE), is_code),
)
"""In order of precedence: of two that overlap, the earlier form counts."""


# full-width digits and marks, other spaces and other hyphens, each as the one character that the patterns know
PLAIN_FORMS = {**{ord("０") + digit: ord("0") + digit for digit in range(10)}, ord("＠"): "@", ord("．"): ".", ord("＋"): "+",
               ord("－"): "-", **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212"), "-"),
               **dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\u3000"), " ")}


def find_identifiers(text: str) -> tuple[Identifier, ...]:
    """Return the identifiers in a text, in order; they do not overlap."""
    taken: list[Identifier] = []
    for found in candidates(text.translate(PLAIN_FORMS)):
        if not any(found.start < other.end and other.start < found.end for other in taken):
            taken.append(found)
    return tuple(sorted(taken, key=lambda each: each.start))


def candidates(text: str) -> Iterator[Identifier]:
    """Yield everything that has the form of an identifier and passes its check, by precedence."""
    for pattern in PATTERNS:
        for match in pattern.form.finditer(text):
            group = "value" if "value" in match.re.groupindex else 0
            if pattern.accepts(match[group]):
                yield Identifier(pattern.kind, *match.span(group))
