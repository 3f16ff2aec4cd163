"""The sentence model in a process of its own.

Its libraries take seconds to import and hold the interpreter lock for much of that, so in our process the
event loop would stand still. Here the run begins meanwhile, and only scenarios wait until the model is there.

    python -m funcdex.dedup.model_process MODEL DEVICE

reads lists of texts as JSON lines and answers each with a line of JSON: `{"rows": n, "dimension": d}`,
followed by so many float32, or `{"what", "where", "fix"}` of what went wrong.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from funcdex.dedup.embedding import Embedder, SentenceModel
from funcdex.dedup.index import FloatArray
from funcdex.errors import DedupError


class ModelProcess:
    """A `SentenceModel` that loads while the caller does other things; `encode` waits for it.

    It ends with this process, however that ends: it watches its standard input, which the system closes.
    """

    def __init__(self, name: str, device: str) -> None:
        self._name = name
        command = [sys.executable, "-m", "funcdex.dedup.model_process", name, device]
        # A session of its own: an interrupt from the terminal is the parent's to handle.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """See `Embedder.encode`. For one thread at a time."""
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None and answers is not None
        try:
            asked.write(json.dumps(list(texts)).encode() + b"\n")
            asked.flush()
            answer = json.loads(answers.readline() or b"null")
        except OSError:
            answer = None
        if answer is None:
            raise self._ended()
        if "what" in answer:
            raise DedupError(answer["what"], where=answer["where"], fix=answer["fix"])
        size_bytes = answer["rows"] * answer["dimension"] * 4
        data = answers.read(size_bytes)
        if len(data) < size_bytes:
            raise self._ended()
        return np.frombuffer(data, np.float32).reshape(answer["rows"], answer["dimension"])

    def stop(self) -> None:
        """Ends it at once; an `encode` in progress in another thread raises DedupError."""
        self._process.kill()

    def close(self) -> None:
        """Ends it and frees its pipes. No `encode` may be in progress."""
        self._process.kill()
        self._process.communicate()

    def _ended(self) -> DedupError:
        return DedupError(
            f"the process of the sentence model has ended (exit status {self._process.wait()})",
            where=f"dedup.model {self._name}",
            fix="Is memory short? Resume the run; all that was recorded is kept.",
        )


def main() -> None:
    """Answers until standard input ends."""
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    model: Embedder | DedupError
    try:
        model = SentenceModel(sys.argv[1], sys.argv[2])
    except DedupError as fault:
        model = fault
    for line in sys.stdin.buffer:
        _answer(answers, model, json.loads(line))


def _answer(answers: BinaryIO, model: Embedder | DedupError, texts: Sequence[str]) -> None:
    if isinstance(model, DedupError):
        head = {"what": model.what, "where": model.where, "fix": model.fix}
        answers.write(json.dumps(head).encode() + b"\n")
    else:
        vectors = model.encode(texts)
        head = {"rows": vectors.shape[0], "dimension": vectors.shape[1]}
        answers.write(json.dumps(head).encode() + b"\n" + vectors.tobytes())
    answers.flush()


if __name__ == "__main__":
    main()
