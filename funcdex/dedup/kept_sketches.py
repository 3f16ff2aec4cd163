"""The sketches of a run's conversations in a file, so that a resume need not draw them again.

A cache like that of the vectors (`kept.py`): the journal says which conversations there are, a sketch is
found by the digest of its text, and the first record is the sketch of `PROBE`. Where this version draws it
differently, the file is begun anew.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from funcdex.dedup.exact import digest
from funcdex.dedup.minhash import BANDS, ROWS
from funcdex.dedup.record_file import RecordFile
from funcdex.dedup.sketch import SAID_BYTES, Sketch, capitals_are_names, sketch_of

PROBE = (
    "</user>\nPlease move my reading with Mr. Abara to the first Thursday of March, and tell all guests who "
    'booked.\n</assistant>\n<tool>{"name": "MOVE", "arguments": {"to": "2026-03-05", "tell": true}}</tool>\n'
    '<tool_response>{"moved": 1}</tool_response>\n</assistant>\nIt is moved, and 14 guests know.'
)
_CALLS_BYTES = 8
_VALUE_BYTES = 1 + SAID_BYTES + _CALLS_BYTES + 4 * BANDS * ROWS


class KeptSketches:
    """Sketches that were drawn before, of talks in `language`, in the file at `path`. Nothing is opened
    before the first is wanted. Blocks. A disk that fails costs the cache, not the run."""

    def __init__(self, path: Path, language: str = "en") -> None:
        self._path = path
        self._names = capitals_are_names(language)
        self._file: RecordFile | None = None

    def recall(self, texts: Sequence[str]) -> list[Sketch | None]:
        """The sketches of texts in markup (None for what is none), drawn and kept where the file has none."""
        file = self._opened()
        sketches: list[Sketch | None] = []
        drawn: list[tuple[str, Sketch]] = []
        for text in texts:
            value = file.find(digest(text))
            sketch = sketch_of(text, names=self._names) if value is None else _sketch(value)
            if value is None and sketch:
                drawn.append((text, sketch))
            sketches.append(sketch)
        self._append(drawn)
        return sketches

    def keep(self, sketches: Sequence[tuple[str, Sketch]]) -> None:
        """Adds texts and what was drawn of them elsewhere."""
        self._opened().forget()  # All that was to be recalled has been.
        self._append(sketches)

    def close(self) -> None:
        """No call may be in progress, and none may follow."""
        if self._file:
            self._file.close()

    def _append(self, sketches: Sequence[tuple[str, Sketch]]) -> None:
        self._opened().append([(digest(text), _value(sketch)) for text, sketch in sketches])

    def _opened(self) -> RecordFile:
        if self._file is None:
            header = {"funcdex_sketches": 1, "names": self._names}
            self._file = RecordFile(self._path, json.dumps(header).encode() + b"\n", _VALUE_BYTES)
            probe = sketch_of(PROBE, names=self._names)
            assert probe is not None
            first = digest(PROBE), _value(probe)
            if self._file.find(first[0]) != first[1]:
                self._file.begin_anew()
                self._file.append([first])
        return self._file


def _value(sketch: Sketch) -> bytes:
    said = sketch.said or bytes(SAID_BYTES)
    calls = sketch.calls.to_bytes(_CALLS_BYTES, "little")
    return bytes([sketch.said is not None]) + said + calls + sketch.words.astype("<u4").tobytes()


def _sketch(value: bytes) -> Sketch:
    said, rest = value[1 : 1 + SAID_BYTES], value[1 + SAID_BYTES :]
    words = np.frombuffer(rest[_CALLS_BYTES:], "<u4").astype(np.uint32)
    return Sketch(said if value[0] else None, int.from_bytes(rest[:_CALLS_BYTES], "little"), words)
