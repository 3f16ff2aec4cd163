"""The engines that have the last word on a grammar: each reads it in its dialect and then judges texts.

llguidance reads Lark and xgrammar EBNF, as they do in vLLM; llama.cpp reads GBNF, by the judge program that
`make live` builds from its own grammar code.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Protocol

import xgrammar

from funcdex.errors import GrammarError
from funcdex.grammar.check import compile_locally, matches
from funcdex.grammar.tree_grammar import TreeGrammar


class Refused(Exception):
    """The engine does not take the grammar; the message is its own."""


class Engine(Protocol):
    """`read` raises Refused, or gives the judge of texts: is the text, whole, in the language?"""

    def read(self, grammar: TreeGrammar) -> Callable[[str], bool]: ...


class Llguidance:
    """With the 256 bytes as tokens."""

    def read(self, grammar: TreeGrammar) -> Callable[[str], bool]:
        try:
            compile_locally(grammar)
        except GrammarError as error:
            raise Refused(error.what) from error
        return lambda text: matches(grammar, text)


class Xgrammar:
    """With the 256 bytes as tokens."""

    def read(self, grammar: TreeGrammar) -> Callable[[str], bool]:
        try:
            compiled = _compiler().compile_grammar(xgrammar.Grammar.from_ebnf(grammar.render("ebnf")))
        except RuntimeError as error:
            raise Refused(str(error)) from error

        def accepts(text: str) -> bool:
            matcher = xgrammar.GrammarMatcher(compiled, terminate_without_stop_token=True)
            return bool(matcher.accept_string(text) and matcher.is_completed())

        return accepts


class LlamaCpp:
    """llama.cpp's grammar code without a model, in a process of its own."""

    def __init__(self, program: Path) -> None:
        self._complaints = tempfile.TemporaryFile("w+")
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [program], stdin=pipe, stdout=pipe, stderr=self._complaints, text=True
        )

    def read(self, grammar: TreeGrammar) -> Callable[[str], bool]:
        if self._ask("g", grammar.render("gbnf")) != "loaded":
            self._complaints.seek(0)
            raise Refused(self._complaints.read().strip()[-300:])
        return lambda text: self._ask("t", text) == "accepted"

    def _ask(self, about: str, text: str) -> str:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{about} {text.encode().hex()}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"the judge program ended with {self._process.wait()}")
        return answer


@cache
def _compiler() -> xgrammar.GrammarCompiler:
    words = [*(bytes([value]) for value in range(256)), b"<end>"]
    info = xgrammar.TokenizerInfo(words, xgrammar.VocabType.RAW, stop_token_ids=[256])
    return xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
