"""YAML as far as JSON goes, and no further."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from funcdex.errors import ToolDefinitionError
from funcdex.yaml_text import parse_yaml


def parse(text: str) -> Any:
    return parse_yaml(text, "x.yaml", ToolDefinitionError)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("2020-01-01", "2020-01-01"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("-3", -3),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        (".inf", ".inf"),
        ("~", None),
        ("'3'", "3"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    assert parse(f"a: {text}") == {"a": value}


def test_keys_are_texts() -> None:
    assert parse("200: a\ntrue: b\nnull: c\n1.5: d") == {"200": "a", "true": "b", "null": "c", "1.5": "d"}


def test_aliases_and_merges_are_followed() -> None:
    text = "base: &base {a: 1}\nmore:\n  <<: *base\n  b: 2\nsame: *base"
    assert parse(text) == {"base": {"a": 1}, "more": {"a": 1, "b": 2}, "same": {"a": 1}}


@pytest.mark.parametrize("merge", ["[{}]", "{{<<: [{}]}}"])
def test_aliases_that_multiply_are_refused_before_they_do(merge: str) -> None:
    lines = ["a0: &a0 {k: v}"]
    for level in range(1, 20):
        aliases = ",".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} " + merge.format(aliases))
    start = time.perf_counter()
    with pytest.raises(ToolDefinitionError, match="aliases stand for too much"):
        parse("\n".join(lines))
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("a: &a [*a]", "holds the alias", "line 1, column 4"),
        ("a: *b", "undefined alias", "line 1, column 4"),
        ("a: 1\nb: !!python/name:os.system x", "no meaning in JSON", "line 2, column 4"),
        ("a: !!binary aGk=", "no meaning in JSON", "line 1"),
        ("a: !!float nan", "no JSON number", "line 1"),
        ("a: !!int x", "not YAML", "x.yaml"),
        ("a: !!int ", "not YAML", "x.yaml"),
        ("a: !!map x", "not YAML", "line 1"),
        ("? [1]\n: 2", "a key that is no text", "line 1, column 3"),
        ("a: 1\n---\nb: 2", "another document", "line 2"),
        ("a: [1", "not YAML", "line 2"),
        ("a: \x00", "not YAML", "x.yaml"),
        ("[" * 100_000 + "]" * 100_000, "nest", "line 1, column"),
        ("a: " + "{b: " * 300 + "1" + "}" * 300, "nested deeper than 200", "line 1"),
    ],
)
def test_what_json_cannot_say_is_refused_with_its_line(text: str, words: str, place: str) -> None:
    with pytest.raises(ToolDefinitionError) as caught:
        parse(text)
    assert words in caught.value.what and place in caught.value.where


def test_nothing_but_comments_is_null() -> None:
    assert parse("# nothing") is None


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(min_codepoint=32, max_codepoint=126)), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(values)
def test_every_json_text_is_yaml_of_the_same_value(value: Any) -> None:
    assert parse("a: " + json.dumps(value, ensure_ascii=False)) == {"a": value}


@given(values)
def test_what_a_yaml_writer_writes_is_read_back(value: Any) -> None:
    text = yaml.safe_dump({"a": value}, allow_unicode=True)
    assert parse(text) == {"a": value}


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        json.dumps(parse(text), allow_nan=False)
    except ToolDefinitionError as error:
        assert error.where.startswith("x.yaml")
