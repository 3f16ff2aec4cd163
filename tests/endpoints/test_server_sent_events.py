"""The same events come out, wherever the stream is cut."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.endpoints.sse import EventReader, EventTooLong


def read(chunks: Sequence[bytes], most: int = 10_000) -> list[bytes]:
    reader = EventReader(max_event_bytes=most)
    return [data for chunk in chunks for data in reader.feed(chunk)]


def cut(text: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({min(place, len(text)) for place in places} | {0, len(text)})
    return [text[begin:end] for begin, end in zip(ends, ends[1:], strict=False)]


STREAM = (
    b"\xef\xbb\xbf: a comment\r\n\r\ndata: one\r\n\r\ndata:two\ndata:  three\n\n"
    b"event: x\nid: 3\ndata\n\ndata: \xe2\x80\xa8\x0c\x85\r\rretry: 5\n\ndata: [DONE]\n\ndata: lost"
)
EVENTS = [b"one", b"two\n three", b"", b"\xe2\x80\xa8\x0c\x85", b"[DONE]"]


def test_events_are_read_as_the_standard_says() -> None:
    assert read([STREAM]) == EVENTS


@given(places=st.lists(st.integers(0, len(STREAM))))
def test_it_does_not_matter_where_the_stream_is_cut(places: list[int]) -> None:
    assert read(cut(STREAM, places)) == EVENTS


lines = st.sampled_from([b"data: a", b"data", b"\n", b"\r", b"\r\n", b":", b"\xef\xbb\xbf", b"x: y", b" "])


@given(parts=st.lists(lines), places=st.lists(st.integers(0, 60)))
def test_any_stream_means_the_same_in_pieces(parts: list[bytes], places: list[int]) -> None:
    stream = b"".join(parts)
    assert read(cut(stream, places)) == read([stream])


@pytest.mark.parametrize("endless", [b"data: " + b"x" * 200, b"data: x\n" * 60, b"y" * 200])
def test_an_event_without_end_is_refused(endless: bytes) -> None:
    with pytest.raises(EventTooLong):
        read([endless], most=100)
