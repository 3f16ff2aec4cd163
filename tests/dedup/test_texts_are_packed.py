"""Texts are the same after they were packed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from funcdex.dedup.texts import BLOCK, PackedTexts

CHARACTERS = st.characters(exclude_categories=["Cs"])


@given(st.lists(st.text(CHARACTERS, max_size=20), max_size=3 * BLOCK), st.data())
def test_every_row_is_what_was_added(texts: list[str], data: st.DataObject) -> None:
    packed = PackedTexts()
    cut = data.draw(st.integers(0, len(texts)))
    packed.extend(texts[:cut])
    packed.extend(texts[cut:])
    assert [packed[row] for row in range(len(packed))] == texts


def test_half_a_character_is_no_obstacle() -> None:
    packed = PackedTexts()
    packed.extend(["\ud83d"] * BLOCK)
    assert packed[0] == "?"
