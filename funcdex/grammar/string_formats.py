"""The formats of strings that a grammar holds a model to, each as a regular expression.

A format's language is that of `formats.py`, or, where that is unwieldy, the part of it that people
write: no user names or brackets in addresses of the web, no comments in those of mail.
"""

from __future__ import annotations

from functools import cache, lru_cache

from funcdex.grammar.regex.json_nodes import Content, content, content_of, found_in
from funcdex.grammar.regex.looks import in_both, is_within
from funcdex.grammar.regex.tree import CannotWrite

_LONG_MONTH = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
_SHORT_MONTH = "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
_FEBRUARY = "02-(?:0[1-9]|1[0-9]|2[0-8])"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DATE = f"(?:[0-9]{{4}}-(?:{_LONG_MONTH}|{_SHORT_MONTH}|{_FEBRUARY})|{_LEAP_YEAR}-02-29)"
_HOURS = "(?:[01][0-9]|2[0-3])"
_TIME = f"{_HOURS}:[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{{1,9}})?(?:Z|[+-]{_HOURS}:[0-5][0-9])"
_N = "[0-9]{1,6}"
_HOUR_ON = f"(?:{_N}H(?:{_N}M(?:{_N}S)?)?|{_N}M(?:{_N}S)?|{_N}S)"
_DAYS = f"(?:{_N}Y(?:{_N}M(?:{_N}D)?)?|{_N}M(?:{_N}D)?|{_N}D)"
_ALNUM = "[A-Za-z0-9]"
# `x*x` where `x` would do: a state that leads to itself costs xgrammar a quarter when it compiles.
_LABEL = f"{_ALNUM}*{_ALNUM}"
_HOST = f"{_LABEL}(?:{_ALNUM}|[.-]{_LABEL}|--{_LABEL})*"
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_H16 = "[0-9a-fA-F]{1,4}"
_PERCENT = "%[0-9A-Fa-f]{2}"
_NAME = f"(?:[A-Za-z0-9._~!$&'()*+,;=-]|{_PERCENT})"
_IN_PATH = f"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|{_PERCENT})"
_ONWARD = f"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|{_PERCENT})"
_FRAGMENT = f"(?:#{_ONWARD}*)?"
# One loop: each one more costs xgrammar ten times the masks. In it a colon is a port that a `/` follows, for
# whether another is allowed depends on how far back the host began. Those of `urn:isbn:1` stand before it.
_PORT = "|".join(f":{'[0-9]' * digits}/" for digits in range(1, 6))
_URI = (
    f"[A-Za-z][A-Za-z0-9+.:-]*:(?:[A-Za-z0-9._~!$&'()*+,;=@/?-]|%[0-9A-Fa-f][0-9A-Fa-f]|{_PORT})*{_FRAGMENT}"
)
_URI_REFERENCE = f"(?:{_URI}|/(?:{_IN_PATH}{_ONWARD}*)?{_FRAGMENT}|{_NAME}(?:{_NAME}|[/?])*{_FRAGMENT})"
_POINTER = "(?:/(?:[^/~]|~[01]|/)*)?"
_BASE64 = "[A-Za-z0-9+/]"


def _ipv6() -> str:
    options = [f"{_H16}(?::{_H16}){{7}}", f"::(?:{_H16}(?::{_H16}){{0,6}})?"]
    for before in range(1, 8):
        after = f"(?:{_H16}(?::{_H16}){{0,{6 - before}}})?" if before < 7 else ""
        options.append(f"{_H16}(?::{_H16}){{{before - 1}}}::{after}")
    return "|".join(options)


PATTERNS = {
    "date": _DATE,
    "date-time": f"{_DATE}T{_TIME}",
    "time": _TIME,
    "duration": f"P(?:{_DAYS}(?:T{_HOUR_ON})?|T{_HOUR_ON}|{_N}W)",
    "uuid": "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    "email": f"{_ATOM}*{_ATOM}(?:{_ATOM}|\\.{_ATOM}*{_ATOM})*@{_HOST}\\.[A-Za-z]*[A-Za-z][A-Za-z]",
    "hostname": _HOST,
    "ipv4": f"{_BYTE}\\.{_BYTE}\\.{_BYTE}\\.{_BYTE}",
    "ipv6": _ipv6(),
    "uri": _URI,
    "uri-reference": _URI_REFERENCE,
    "json-pointer": _POINTER,
    "relative-json-pointer": f"(?:0|[1-9][0-9]*)(?:#|{_POINTER})",
    "byte": f"(?:{_BASE64}{{4}})*(?:{_BASE64}{{2}}==|{_BASE64}{{3}}=)?",
}
"""By format: what its texts match, whole."""

ALIKE = {
    "url": "uri",
    "iri": "uri",
    "iri-reference": "uri-reference",
    "uri-template": "uri-reference",
    "idn-email": "email",
    "idn-hostname": "hostname",
}
"""Formats that are wider than another: a model under a grammar keeps to the narrower one."""

UNWRITABLE = frozenset({"regex"})
"""Formats that limit a string in a way that no grammar says. Any other name says nothing about validity."""


@cache
def format_content(name: str) -> Content | None:
    """The content of strings of a format; None if the grammar has no notion of it."""
    pattern = _whole(name)
    if pattern is None:
        return None
    try:
        return content_of(pattern)
    except CannotWrite as error:  # a fault of the table above
        raise AssertionError(f"format {name} cannot be written: {error}") from error


@lru_cache(maxsize=512)
def format_with_pattern(name: str, pattern: str) -> Content:
    """The content of strings of a known format in which the pattern is found; where all of these would be
    unwieldy, of those that begin with it, as `https` in an address.

    Raises CannotWrite, with `empty` if there are none."""
    whole = _whole(name)
    assert whole is not None, f"{name} is no format that grammars know"
    try:
        return _in_both(whole, pattern)
    except CannotWrite as cannot:
        if str(cannot) == "empty":
            raise
        try:
            return _in_both(whole, f"^(?:{pattern})")
        except CannotWrite:
            raise cannot from None


def _in_both(whole: str, pattern: str) -> Content:
    formed, found = found_in(whole), found_in(pattern)
    # The form that each has by itself is cheaper than what following both makes of it.
    if is_within(formed, found):
        return content_of(whole)
    if is_within(found, formed):
        return content_of(pattern)
    return content(in_both(formed, found))


def _whole(name: str) -> str | None:
    pattern = PATTERNS.get(ALIKE.get(name, name))
    return None if pattern is None else f"^(?:{pattern})$"
