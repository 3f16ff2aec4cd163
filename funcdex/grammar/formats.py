"""Formats of strings, checked: by rules of their own, not by the patterns that grammars are made of.

Its syntax is checked, and the days of the calendar; not whether a host exists, nor how long its name is.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import ipaddress
import re
from collections.abc import Callable
from uuid import UUID

from funcdex.grammar.regex.parser import UnknownRegex, parse_regex

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(?:[Zz]|[+-]([0-9]{2}):([0-9]{2}))")
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+")
_LABEL = re.compile(
    r"[A-Za-z0-9\u0080-\U0010ffff](?:[A-Za-z0-9\-\u0080-\U0010ffff]*[A-Za-z0-9\u0080-\U0010ffff])?"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_IN_URI = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
_IN_IRI = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=\u00a0-\U0010ffff]|%[0-9A-Fa-f]{2})*")
_TEMPLATE = re.compile(r"(?:[^\s\"'<>\\^`{|}]|\{[^{}\s]+\})*")
_HOST = re.compile(r"(?:\[[^\[\]]*\]|[^:\[\]]*)(?::[0-9]*)?")
_DURATION = re.compile(
    r"P(?=.)(?:[0-9]+W|(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?(?:T(?=.)(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+S)?)?)"
)
_POINTER = re.compile(r"(?:/(?:[^/~]|~[01])*)*")


def is_date(text: str) -> bool:
    """RFC 3339: a day that the calendar has."""
    found = _DATE.fullmatch(text)
    if not found:
        return False
    year, month, day = map(int, found.groups())
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year or 400, month)[1]


def is_time(text: str) -> bool:
    """RFC 3339: with an offset; a leap second may be."""
    found = _TIME.fullmatch(text)
    if not found:
        return False
    hour, minute, second, offset, past = (int(part or 0) for part in found.groups())
    return hour < 24 and minute < 60 and second <= 60 and offset < 24 and past < 60


def is_moment(text: str) -> bool:
    """RFC 3339: date, `T`, time."""
    return text[10:11] in ("T", "t", " ") and is_date(text[:10]) and is_time(text[11:])


def is_email(text: str) -> bool:
    """`name@host`."""
    name, at, host = text.rpartition("@")
    quoted = len(name) > 2 and name[0] == name[-1] == '"'
    return bool(at) and is_hostname(host) and (quoted or all(map(_ATOM.fullmatch, name.split("."))))


def is_hostname(text: str) -> bool:
    """Labels with points between them."""
    return bool(text) and all(map(_LABEL.fullmatch, text.removesuffix(".").split(".")))


def is_uri(text: str) -> bool:
    """RFC 3986: with a scheme."""
    scheme, colon, rest = text.partition(":")
    return bool(colon) and bool(_SCHEME.fullmatch(scheme)) and _is_rest(rest, _IN_URI)


def is_iri(text: str) -> bool:
    """RFC 3987: as a URI, of any script."""
    scheme, colon, rest = text.partition(":")
    return bool(colon) and bool(_SCHEME.fullmatch(scheme)) and _is_rest(rest, _IN_IRI)


def is_uri_reference(text: str) -> bool:
    """A URI, or what leads to one from another."""
    return is_uri(text) or (":" not in re.split("[/?#]", text)[0] and _is_rest(text, _IN_URI))


def is_iri_reference(text: str) -> bool:
    """As a URI reference, of any script."""
    return is_iri(text) or (":" not in re.split("[/?#]", text)[0] and _is_rest(text, _IN_IRI))


def _is_rest(text: str, allowed: re.Pattern[str]) -> bool:
    """What follows a scheme: one `#`, brackets and a port in their places alone."""
    if not allowed.fullmatch(text) or text.count("#") > 1:
        return False
    if not text.startswith("//"):
        return "[" not in text and "]" not in text
    authority = re.split("[/?#]", text[2:])[0]
    user, _, host = authority.rpartition("@")
    beside = user + text[2 + len(authority) :]
    return bool(_HOST.fullmatch(host)) and "[" not in beside and "]" not in beside


def is_uuid(text: str) -> bool:
    """RFC 4122, with hyphens."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def is_ipv4(text: str) -> bool:
    """Four numbers."""
    return _is_made(ipaddress.IPv4Address, text)


def is_ipv6(text: str) -> bool:
    """RFC 4291, without a zone."""
    return "%" not in text and _is_made(ipaddress.IPv6Address, text)


def is_base64(text: str) -> bool:
    """RFC 4648, with its padding."""
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(text) % 4 == 0


def is_regex(text: str) -> bool:
    """One that `pattern` could hold."""
    try:
        parse_regex(text)
    except UnknownRegex:
        return _is_made(re.compile, text)
    return True


def is_relative_pointer(text: str) -> bool:
    """Steps up, then `#` or a JSON pointer."""
    found = re.match(r"(?:0|[1-9][0-9]*)", text)
    return found is not None and (text[found.end() :] == "#" or bool(_POINTER.fullmatch(text, found.end())))


def _is_made(make: Callable[[str], object], text: str) -> bool:
    try:
        make(text)
    except (ValueError, re.error, RecursionError, OverflowError):
        return False
    return True


CHECKS: dict[str, Callable[[str], bool]] = {
    "date": is_date,
    "time": is_time,
    "date-time": is_moment,
    "duration": lambda text: bool(_DURATION.fullmatch(text)),
    "email": is_email,
    "idn-email": is_email,
    "hostname": is_hostname,
    "idn-hostname": is_hostname,
    "ipv4": is_ipv4,
    "ipv6": is_ipv6,
    "uri": is_uri,
    "url": is_uri,
    "uri-reference": is_uri_reference,
    "iri": is_iri,
    "iri-reference": is_iri_reference,
    "uri-template": lambda text: bool(_TEMPLATE.fullmatch(text)),
    "uuid": is_uuid,
    "byte": is_base64,
    "json-pointer": lambda text: bool(_POINTER.fullmatch(text)),
    "relative-json-pointer": is_relative_pointer,
    "regex": is_regex,
}
"""By name. A format of any other name limits nothing, as the standard has it."""
