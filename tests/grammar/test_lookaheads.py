"""Patterns that look ahead, and patterns beside formats: the grammar has exactly their texts."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from funcdex.errors import UnsupportedSchema
from funcdex.grammar.check import matches
from funcdex.grammar.conversation import json_grammar
from funcdex.grammar.regex.json_nodes import found_in
from funcdex.grammar.regex.looks import in_both, is_within
from funcdex.grammar.regex.tree import CannotWrite, Regex
from grammar.grammar_matchers import all_accept, all_refuse

_ATOMS = st.sampled_from(["a", "b", "-", "[ab]", "[^a]", "."])
_REPEATS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,3}"])
_LOOKS = st.sampled_from(["(?!{})", "(?={})", "(?!{}$)", "(?=.*{})", "(?!.*{})"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("(?:{0[0]}|{0[1]})".format),
        st.tuples(inner, _REPEATS).map("(?:{0[0]}){0[1]}".format),
        st.tuples(_LOOKS, _ATOMS, inner).map(lambda parts: parts[0].format(parts[1]) + parts[2]),
    )


_regexes = st.tuples(
    st.sampled_from(["^{}$", "^{}", "{}$", "{}"]), st.recursive(_ATOMS, _grown, max_leaves=6)
).map(lambda parts: parts[0].format(f"(?:{parts[1]})"))
_texts = st.text("ab-", max_size=6)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(regex=_regexes, texts=st.lists(_texts, min_size=8, max_size=8))
def test_a_text_is_accepted_only_if_the_pattern_is_found_in_it(regex: str, texts: list[str]) -> None:
    try:
        grammar = json_grammar({"type": "string", "pattern": regex})
    except UnsupportedSchema:
        return
    assume(grammar.relaxed == ())
    for text in texts:
        found = bool(re.search(regex, text))
        # Texts such as `-a-a-a` may be left out.
        assert matches(grammar, json.dumps(text)) in ((found,) if len(text) < 3 else (found, False)), text


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(one=_regexes, other=_regexes, texts=st.lists(_texts, min_size=10, max_size=10))
def test_of_two_patterns_those_texts_are_left_that_both_have(one: str, other: str, texts: list[str]) -> None:
    try:
        first, second = found_in(one), found_in(other)
        within = is_within(first, second)
        both = in_both(first, second)
    except CannotWrite as cannot:
        assume("empty" in cannot.args)
        assert not any(re.search(one, text) and re.search(other, text) for text in texts)
        return
    for text in texts:
        in_one, in_other = (bool(re.search(regex, text)) for regex in (one, other))
        assert not (within and in_one and not in_other)
        in_both_of_them = in_one and in_other
        assert is_within(_just(text), both) in (
            (in_both_of_them,) if len(text) < 3 else (in_both_of_them, False)
        )


def _just(text: str) -> Regex:
    return found_in(f"^{re.escape(text)}$")


LOOKING_AHEAD: list[tuple[str, list[str], list[str]]] = [
    ("^[a-z]((?!--|__)[a-z0-9-_])+$", ["a-b_c-9", "ab-", "a-_b"], ["a--b", "a_b__", "-a"]),
    ("^(?:(?!aws)[a-z])+$", ["isaac", "awake", "sawtooth"], ["laws", "aws"]),
    ("a(?=b)", ["ab", "cab d"], ["ac", "a"]),
    (
        r"^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d]{8,}$",
        ["Passw0rdsAreLong", "1aaaaaaA"],
        ["passw0rds", "Pa55"],
    ),
    (r"^(?:[^|]*\|?)+$", ["a|b||c", ""], []),
]


@pytest.mark.parametrize(("pattern", "accepted", "refused"), LOOKING_AHEAD)
def test_lookaheads_within_a_pattern_are_kept_to(
    pattern: str, accepted: list[str], refused: list[str]
) -> None:
    grammar = json_grammar({"type": "string", "pattern": pattern})
    assert grammar.relaxed == ()
    assert all(all_accept(grammar, json.dumps(text)) for text in accepted)
    assert all(all_refuse(grammar, json.dumps(text)) for text in refused)


BESIDE_FORMATS: list[tuple[str, str, list[str], list[str]]] = [
    # the format says more
    (
        "date-time",
        r"^\d{4}-\d{2}-\d{2}T.*$",
        ["2024-02-29T10:00:00Z"],
        ["2024-02-30T10:00:00Z", "2024-02-29T"],
    ),
    # the pattern says more
    (
        "uuid",
        "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$",
        ["0b1f2c3d-1111-2222-3333-444455556666"],
        ["0B1f2c3d-1111-2222-3333-444455556666"],
    ),
    # neither does
    (
        "uuid",
        "^[{(]?[0-9A-F]{8}-?([0-9A-F]{4}-?){3}[0-9A-F]{12}[)}]?$",
        ["0B1F2C3D-1111-2222-3333-444455556666"],
        ["0b1f2c3d-1111-2222-3333-444455556666", "{0B1F2C3D-1111-2222-3333-444455556666}"],
    ),
    ("uri", "^(https?|syslog)://", ["https://a.org/x?y=1#z", "http://a.org"], ["ftp://a.org", "https://a b"]),
    ("uri", "https+", ["https://a.org/x"], ["ftp://a.org"]),
    ("email", "@example\\.com$", ["ana@example.com"], ["ana@example.org"]),
]


@pytest.mark.parametrize(("form", "pattern", "accepted", "refused"), BESIDE_FORMATS)
def test_a_pattern_beside_a_format_is_kept_to(
    form: str, pattern: str, accepted: list[str], refused: list[str]
) -> None:
    grammar = json_grammar({"type": "string", "format": form, "pattern": pattern})
    assert grammar.relaxed == ()
    assert all(all_accept(grammar, json.dumps(text)) for text in accepted)
    assert all(all_refuse(grammar, json.dumps(text)) for text in refused)


def test_a_pattern_that_contradicts_its_format_is_told() -> None:
    grammar = json_grammar({"type": "string", "format": "email", "pattern": r"^a\\b$"})
    assert [(lost.keyword, lost.cause) for lost in grammar.relaxed] == [("pattern", "contradicts the format")]
