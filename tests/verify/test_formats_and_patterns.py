"""Formats of strings, and patterns whose matching must end."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.grammar.regex.match import TooCostly, search
from funcdex.grammar.regex.parser import UnknownRegex
from funcdex.verify.schemas import UnusableSchema, violations

FORMATS: dict[str, tuple[list[str], list[str]]] = {
    "date": (["2024-02-29", "0004-02-29"], ["2023-02-29", "1900-02-29", "2024-13-01", "2024-2-9", ""]),
    "time": (["09:30:00Z", "23:59:60.5+01:00"], ["09:30:00", "24:00:00Z", "9:30:00Z"]),
    "date-time": (["2024-05-17T09:30:00Z"], ["2024-05-17", "2024-05-32T09:30:00Z"]),
    "duration": (["P3DT4H", "PT1S", "P2W"], ["P", "PT", "3D", "P1S"]),
    "email": (["a.b+c@mail.example.org"], ["a@", "@b.c", "a b@c.d", "a..b@c.d", "plain"]),
    "hostname": (["a-b.example.org"], ["-a.org", "a..b", "", "a_b"]),
    "ipv4": (["192.168.0.1"], ["256.1.1.1", "1.2.3", "no address"]),
    "ipv6": (["::1", "2001:db8::8a2e:370:7334"], ["1::2::3", "12345::", "fe80::1%eth0"]),
    "uri": (["https://a.b/c?d#e", "mailto:a@b.c", "http://[::1]:80/"], ["//a", "a b", "http://a:b/", "x"]),
    "uri-reference": (["/a/b", "a", "?x", "https://a.b"], ["a b", "1:a", "#a#b"]),
    "uuid": (["0b1F2c3d-1111-2222-3333-444455556666"], ["0b1f2c3d111122223333444455556666", "x"]),
    "byte": (["aGVsbG8=", ""], ["aGVsbG8", "????"]),
    "json-pointer": (["", "/a/~0"], ["a", "/~2"]),
    "relative-json-pointer": (["0#", "1/a"], ["01", "#"]),
    "regex": (["^a+$", r"\p{L}"], ["("]),
    "phone": (["anything"], []),
}


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_checked(name: str) -> None:
    right, wrong = FORMATS[name]
    schema = {"type": "string", "format": name}
    assert [text for text in right if violations(schema, text)] == []
    assert [text for text in wrong if not violations(schema, text)] == []


def test_a_format_says_nothing_of_what_is_no_string() -> None:
    assert violations({"format": "date"}, 7) == ()


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|aa)+$", "^(a*)*b", "(x+x+)+y", "^(?=(a+)+$).*b"])
def test_a_hostile_pattern_ends(pattern: str) -> None:
    assert violations({"type": "string", "pattern": pattern}, "a" * 3000 + "!")


def test_a_pattern_without_measure_is_refused_and_not_waited_for() -> None:
    with pytest.raises(TooCostly):
        search("(?=(?=.*b).*b)", "a" * 5000)


@pytest.mark.parametrize("pattern", [r"^(a)\1$", "a++", "(?>a)"])
def test_a_pattern_that_cannot_be_judged_makes_the_schema_unusable(pattern: str) -> None:
    with pytest.raises(UnusableSchema):
        violations({"type": "string", "pattern": pattern}, "aa")


PIECES = st.sampled_from(
    [
        "a",
        "b",
        "[ab]",
        "[^a]",
        ".",
        r"\d",
        r"\w",
        r"\s",
        "^",
        "$",
        r"\b",
        "(?=a)",
        "(?!b)",
        "(?<=a)",
        "(?<!b)",
        "-",
        r"\.",
    ]
)


@st.composite
def regexes(draw: st.DrawFn, depth: int = 2) -> str:
    """Regular expressions of every kind that is read here."""
    parts = draw(
        st.lists(PIECES if not depth else PIECES | regexes(depth - 1).map("({})".format), max_size=4)
    )
    times = ["", "", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?"]
    made = "".join(part + ("" if _has_no_length(part) else draw(st.sampled_from(times))) for part in parts)
    return made if draw(st.booleans()) else f"{made}|{draw(PIECES)}"


def _has_no_length(part: str) -> bool:
    return part in ("^", "$", r"\b") or part.startswith("(?")


@given(pattern=regexes(), text=st.text("ab1 -._", max_size=7))
def test_a_pattern_matches_where_pythons_re_matches(pattern: str, text: str) -> None:
    assert search(pattern, text) == bool(re.search(pattern, text))


@given(text=st.text("ab()[]{}^$|?*+\\-,1:=!<dp", max_size=12))
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    try:
        found = search(text, "ab1-")
    except UnknownRegex:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected: Any = re.compile(text)
        except re.error:
            return  # ECMA-262 reads a few that Python does not
    assert found == bool(expected.search("ab1-"))
