"""Writes a text under a grammar: proposes whole sentences and values, and the matcher has the last word.

The loop takes what the grammar forces; where it leaves a choice, free regions get sentences, JSON gets
values, and anything else a branch at random. Past a soft budget everything is brought to its end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from funcdex.sim.adjudication import verdict_on
from funcdex.sim.constraint import Matcher
from funcdex.sim.dialog import END, TAGS, DialogPlan, separator
from funcdex.sim.json_writer import JsonWriter
from funcdex.sim.mask import Mask
from funcdex.sim.prose import Author
from funcdex.sim.script import example_in, script_in
from funcdex.sim.values import facts_of

_BYTES_PER_TOKEN = 4
# More than nearly any token has: a text of so many bytes is longer than asked.
_MOST_BYTES_PER_TOKEN = 9
_SHORTEST_CUT = 12
# Past this length an unknown grammar's region of words is left by trying signs that may close it.
_REGION_BYTES = 300
_CLOSING = b">)]}|;\"'`*\n"
_BEGUN_TAG = re.compile(rb"</?[a-z_]*\Z")
_STARTS_A_VALUE = b'{["'


@dataclass(frozen=True, slots=True)
class Sampled:
    """A text, and whether the grammar was satisfied by its end."""

    text: str
    complete: bool


def sample(
    matcher: Matcher, author: Author, rng: Random, *, max_tokens: int, ramble: bool = False, prompt: str = ""
) -> Sampled:
    """A text that the grammar accepts, or the beginning of one longer than `max_tokens`. With `ramble` on, it
    gets no further than to its first free text. It takes after the example or the plan in `prompt`."""
    return _Sampler(matcher, author, rng, max_tokens, ramble, prompt).run()


class _Sampler:
    def __init__(
        self, matcher: Matcher, author: Author, rng: Random, max_tokens: int, ramble: bool, prompt: str
    ) -> None:
        soft_tokens = min(rng.randint(500, 1200), max_tokens * 6 // 10)
        self._facts = facts_of(author, rng)
        self._matcher = matcher
        self._author = author
        self._rng = rng
        self._hard_bytes = max_tokens * _MOST_BYTES_PER_TOKEN
        self._script = script_in(prompt)
        budget_bytes = soft_tokens * _BYTES_PER_TOKEN
        self._plan = DialogPlan(rng, budget_bytes=budget_bytes, script=self._script)
        self._json = JsonWriter(author, self._facts, rng, fits=self._fits)
        self._json.example = verdict_on(prompt) or example_in(prompt)
        self._json_start = 0
        self._text = bytearray()
        self._ramble = ramble
        self._circle = b""

    def run(self) -> Sampled:
        """Until the grammar is satisfied and the plan agrees, or the text is too long."""
        complete = False
        while len(self._text) <= self._hard_bytes:
            piece = self._matcher.compute_ff_bytes() or self._chosen()
            if not piece:
                complete = self._matcher.is_accepting() or self._matcher.is_stopped()
                break
            self._take(piece)
        return Sampled(self._text.decode("utf-8", "replace"), complete and not self._matcher.is_error())

    def _take(self, piece: bytes) -> None:
        start = len(self._text)
        self._text += piece[: self._matcher.try_consume_tokens(piece)]
        for tag, begin, end in self._plan.advance(self._text, start):
            self._follow_script(tag, begin, end)
        if self._plan.new_turn:
            self._author.turn_to_something_else()
        self._json.answering, self._json.hurried = self._plan.answering, self._plan.over_budget
        # Sentences hold neither brackets nor quotes: what opens JSON is the grammar's or the JSON writer's.
        self._json.wrote(piece)

    def _follow_script(self, tag: bytes, begin: int, end: int) -> None:
        """Takes from the script what the JSON behind a tag is like, and tells it what was written."""
        script, json = self._script, self._json
        if script is None or b"tool" not in tag:
            return
        written = self._text[self._json_start : begin].decode("utf-8", "replace")
        self._json_start = end
        json.example, json.more_than_example, json.finds_nothing = None, False, False
        match tag:
            case b"<tool>":
                json.example = script.call()
            case b"</tool>":
                script.called(written)
            case b"<tool_response>":
                json.finds_nothing = script.finds_nothing
                json.example, json.more_than_example = script.response()
            case b"</tool_response>":
                script.responded(written)

    def _chosen(self) -> bytes:
        if self._matcher.is_stopped():
            return END
        mask = Mask(self._matcher.compute_bitmask())
        if self._json.cursor.active:
            return self._json.next_piece(mask, self._text[-1])
        return self._outside_json(mask)

    def _outside_json(self, mask: Mask) -> bytes:
        plan = self._plan
        if self._ramble and mask.free and (circle := self._round_again()):
            return circle
        if mask.free and plan.sentences_left > 0:
            plan.sentences_left -= 1
            if sentence := self._sentence():
                return sentence
        exits = self._exits(mask)
        if exits:
            return exits[plan.choose(tuple(exits))]
        if mask.free and (words := self._way_out(mask) or self._sentence() or self._word()):
            return words
        if mask.among(_STARTS_A_VALUE):
            return self._json.value(mask)
        choices = mask.branches()
        return bytes([self._rng.choice(choices)]) if choices else END

    def _sentence(self) -> bytes:
        """A sentence of the mood; where only its beginning fits (bounded text), as many words as do."""
        mood = self._plan.mood_of_next
        given = self._facts.mentioned if mood in ("facts", "figures") else {}
        sentence = self._author.sentence(mood, **given).encode()
        piece = separator(self._text, self._plan.tag) + sentence
        legal = self._matcher.validate_tokens(piece)
        if legal == len(piece):
            return piece
        self._plan.sentences_left = 0
        return piece[:legal].rpartition(b" ")[0] if legal >= _SHORTEST_CUT else b""

    def _round_again(self) -> bytes:
        """The first sentence that was written, once more."""
        if self._circle:
            return self._circle if self._fits(self._circle) else b""
        sentence = self._sentence()
        self._circle = b" " + sentence.strip() if sentence else b""
        return sentence

    def _way_out(self, mask: Mask) -> bytes:
        """Now and then a closing sign, where words may go on but nothing that we know may follow them."""
        signs = mask.among(_CLOSING) if len(self._text) > _REGION_BYTES and self._rng.random() < 0.5 else b""
        return bytes([self._rng.choice(signs)]) if signs else b""

    def _word(self) -> bytes:
        word = self._author.fill("noun").encode()
        return word if self._fits(word) else b""

    def _exits(self, mask: Mask) -> dict[bytes, bytes]:
        """The tags that can come now (END for the end), each with what is to be written for it: white space
        before it, or only the rest of it where the grammar forced its beginning already."""
        exits = {END: END} if mask.may_end else {}
        begun = _BEGUN_TAG.search(self._text)
        start = begun.group() if begun else b""
        if not start and not mask.among(b"<\n"):
            return exits
        for tag in TAGS:
            if piece := next(filter(self._fits, _ways_to_write(tag, start)), b""):
                exits[tag] = piece
        return exits

    def _fits(self, piece: bytes) -> bool:
        return self._matcher.validate_tokens(piece) == len(piece)


def _ways_to_write(tag: bytes, start: bytes) -> tuple[bytes, ...]:
    if start:
        return (tag[len(start) :],) if tag.startswith(start) else ()
    # A thought stands on one line with its tags.
    return (tag,) if tag.endswith(b"_thought>") else (b"\n" + tag, tag)
