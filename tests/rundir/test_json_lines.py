from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.rundir.jsonlines import as_line, from_line

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
).filter(lambda value: value not in (float("inf"), float("-inf")))


@given(
    st.dictionaries(st.text(), st.text() | st.integers(-(2**63), 2**64 - 1) | st.none() | st.lists(st.text()))
)
def test_a_record_is_one_line_and_comes_back(record: dict[str, object]) -> None:
    line = as_line(record)
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert from_line(line) == record


def test_half_a_surrogate_pair_survives() -> None:
    assert from_line(as_line({"t": "\ud83d"})) == {"t": "\ud83d"}


def test_an_integer_beyond_64_bits_is_written_in_full() -> None:
    assert as_line({"n": 2**70}) == b'{"n": 1180591620717411303424}\n'


@pytest.mark.parametrize("line", [b"", b"\n", b"   \n", b'{"a":1', b'{"a":1}{"b":2}\n', b"\0\0\n", b"\xff\n"])
def test_what_is_not_one_json_value_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):
        from_line(line)


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError):
        as_line({"t": object()})
