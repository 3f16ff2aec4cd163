from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.rundir.following import Following
from funcdex.rundir.linefile import PAGE_BYTES, LineFile

LENGTHS = st.lists(
    st.one_of(st.integers(0, 100), st.sampled_from((PAGE_BYTES - 12, PAGE_BYTES, 3 * PAGE_BYTES)), st.none()),
    max_size=60,
)
"""Of the texts that are written; None: somebody looks."""


@settings(deadline=None)
@given(LENGTHS)
def test_each_line_is_given_once_however_the_file_is_filled_up(steps: list[int | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.jsonl"
        following = Following(path)
        seen: list[bytes] = []
        written: list[bytes] = []
        with LineFile(path) as file:
            for number, length in enumerate([*steps, None]):
                if length is None:
                    seen += [line.rstrip() for line in following.new_lines()]
                    continue
                written.append(b'"%d %b"' % (number, b"x" * length))
                file.append(written[-1] + b"\n")
            seen += [line.rstrip() for line in following.new_lines()]
        assert seen == written


def test_a_line_that_is_not_whole_yet_is_left_for_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    following = Following(path)
    assert list(following.new_lines()) == []
    path.write_bytes(b"1\n2")
    assert list(following.new_lines()) == [b"1\n"]
    path.write_bytes(b"1   \n22\n")
    assert list(following.new_lines()) == [b"22\n"]
    assert list(following.new_lines()) == []
