"""llama.cpp's own reading of GBNF, without a model: by the program that gbnf_judge.cpp becomes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from live import build_env

PART = build_env.PARTS["gbnf-judge"]


@dataclass
class GbnfJudge:
    """The program with the grammar that it has read last."""

    process: subprocess.Popen[str]
    loaded: str = ""

    def loads(self, grammar: str) -> bool:
        """Whether llama.cpp can read the grammar, which is the one to judge by from here on if it can."""
        if grammar == self.loaded:
            return True
        self.loaded = grammar if (good := self._ask("g", grammar) == "loaded") else ""
        return good

    def fault_at(self, text: str) -> int | None:
        """Where the text leaves the language, in characters, as `grammar.check.fault_at` counts them."""
        said = self._ask("t", text)
        return None if said == "accepted" else int(said.removeprefix("leaves "))

    def _ask(self, question: str, text: str) -> str:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{question} {text.encode().hex()}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise AssertionError(f"the judge ended with {self.process.wait()} at {text[:200]!r}")
        return answer


@contextmanager
def gbnf_judge() -> Iterator[GbnfJudge]:
    """A judge that runs until the end of the block."""
    with subprocess.Popen(
        [PART.product],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="ascii",
    ) as process:
        # The end of its input ends it.
        yield GbnfJudge(process)
