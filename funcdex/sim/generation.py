"""From a request to the tokens of its answer. Pure, and the same for the same request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal

from funcdex.sim.constraint import matcher_for
from funcdex.sim.native import parts_of
from funcdex.sim.prose import Author, topic_of
from funcdex.sim.request import CompletionRequest
from funcdex.sim.sampler import sample
from funcdex.sim.templates import Mood
from funcdex.sim.tokens import pieces

_ASKS_FOR_RULES = "standing instructions"
_FEWEST_SENTENCES, _MOST_SENTENCES = 2, 6


@dataclass(frozen=True, slots=True)
class NativeCalls:
    """An answer to a request with tools: names and arguments (as text) of what is called, and the words."""

    calls: Sequence[tuple[str, str]]
    text: str = ""

    def as_json(self, *, numbered: bool) -> list[dict[str, Any]]:
        """As a message has them; `numbered` as the pieces of a stream have them."""
        return [
            {
                **({"index": place} if numbered else {}),
                "id": f"call_{place}",
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            }
            for place, (name, arguments) in enumerate(self.calls)
        ]


@dataclass(frozen=True, slots=True)
class Generation:
    """The tokens of an answer, joined its text, and why it ended. With calls the tokens are theirs."""

    tokens: tuple[str, ...]
    finish_reason: Literal["stop", "length"]
    native: NativeCalls | None = None

    @property
    def text(self) -> str:
        """The answer."""
        return "".join(self.tokens)


def generate(request: CompletionRequest, *, seed: int, obey: bool = True, ramble: bool = False) -> Generation:
    """The answer to a request. `seed` is the server's; with `obey` off, the grammar is ignored; with `ramble`
    on, the first text of its own goes round in circles, if the answer has one."""
    rng = Random(request.key + seed.to_bytes(8, "big", signed=True))
    author = Author(topic_of(request.prompt, rng), rng)
    if request.grammar is None or not obey:
        return _circles(request, author) if ramble else _free_text(request, author, rng)
    matcher = matcher_for(request.grammar)
    sampled = sample(
        matcher, author, rng, max_tokens=request.max_tokens, ramble=ramble, prompt=request.prompt
    )
    cut = _cut(pieces(sampled.text), request.max_tokens, complete=sampled.complete)
    if not request.calls_natively:
        return cut
    text, calls = parts_of(cut.text)
    return replace(cut, native=NativeCalls(calls, text))


def _free_text(request: CompletionRequest, author: Author, rng: Random) -> Generation:
    mood: Mood = "standing" if _ASKS_FOR_RULES in request.prompt else "scenario"
    tokens = pieces(author.paragraph(mood, rng.randint(_FEWEST_SENTENCES, _MOST_SENTENCES)))
    while request.ignore_eos and len(tokens) < request.max_tokens:
        tokens += pieces(" " + author.sentence("scenario"))
    return _cut(tokens, request.max_tokens, complete=not request.ignore_eos)


def _circles(request: CompletionRequest, author: Author) -> Generation:
    circle = pieces(author.sentence("scenario") + " ")
    return _cut(circle * (request.max_tokens // len(circle) + 1), request.max_tokens, complete=False)


def _cut(tokens: list[str], max_tokens: int, *, complete: bool) -> Generation:
    fits = complete and len(tokens) <= max_tokens
    return Generation(tuple(tokens[:max_tokens]), "stop" if fits else "length")
