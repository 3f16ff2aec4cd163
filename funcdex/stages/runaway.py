"""Answers that got lost: cut by the token limit, or circular though they ended; how to sample after one.

    finish reason `length`, blanks at the end                 -> whitespace
    finish reason `length`, going in circles up to the end    -> repetition
    finish reason `length`                                    -> length
    any other, a large share of the text says the same again  -> repetition

There is nothing to correct in such an answer. It is drawn again, and not in the same way: what led the model
astray once will do so again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from funcdex.types.request import Sampling

Runaway = Literal["length", "repetition", "whitespace"]

BLANK_TAIL_CHARS = 40
"""So many blanks at the end of a broken answer: no text of ours has them."""

CUT_ROUNDS, CUT_CHARS, CUT_TAIL_CHARS = 4, 120, 8000
"""Circles at the end of a broken answer: how often, how long together, and how far back is looked."""

WHOLE_ROUNDS, WHOLE_CHARS, WHOLE_SHARE = 6, 300, 1 / 3
"""Circles in an answer that ended: how often something is said, and how much of the answer that makes up, in
characters and as a share. Tables, goodbyes and calls that wait for a result also repeat, but less."""

TEMPERATURE_STEP = 0.2
HIGHEST_TEMPERATURE, LOWEST_TEMPERATURE = 1.2, 0.2
USUAL_TEMPERATURE = 1.0
"""Of a server that is told none."""

PENALTY_PER_SAMPLE = 100.0
HIGHEST_PENALTY = 0.5
"""Of the frequency penalty, which counts every occurrence of a token: over 12,000 tokens 0.5 would forbid
every quotation mark. So it is PENALTY_PER_SAMPLE / max_tokens: a token that fills a tenth of the longest
answer has lost 10 by its end, one that is every hundredth has lost 1."""

# Longer than what sentences of one pattern have in common between the words that differ.
_GRAM = 40
# Counting grams takes a fifth of a microsecond a character, so it is done only where one of these places, as
# shares of the text, is said again behind it. Where a third of the text is said six times, a place is such a
# one with a probability of 5/18, and all 32 miss it once in 33,000 times.
_LOOKED_AT = tuple(number * 0.6180339887 % 1 for number in range(32))
_BLANKS_BACKWARDS = re.compile(r"(?:\s|[nrt]\\)*+")
_TAG_LINE = re.compile(r"</?[a-z_]+>")
_RESPONSE = "<tool_response>"
_JSON_LINE = ("<tool>", _RESPONSE, "{", "[")


def runaway_of(text: str, finish_reason: str) -> Runaway | None:
    """What went wrong with an answer; None if nothing of this sort. Takes time in proportion to the text."""
    if finish_reason == "length":
        return _of_cut(text)
    return "repetition" if finish_reason == "stop" and _is_circular(text.strip()) else None


def resampled(sampling: Sampling, runaways: Sequence[Runaway]) -> Sampling:
    """The sampling of the next sample after these. For each repetition or run of blanks hotter, and with a
    penalty on what was said before; for each answer that was merely too long, cooler."""
    if not runaways:
        return sampling
    circles = sum(runaway != "length" for runaway in runaways)
    steps = circles - (len(runaways) - circles)
    usual = USUAL_TEMPERATURE if sampling.temperature is None else sampling.temperature
    # Bounds that a temperature of the user's own is beyond hold nothing back but our steps.
    lowest, highest = min(usual, LOWEST_TEMPERATURE), max(usual, HIGHEST_TEMPERATURE)
    temperature = round(min(highest, max(lowest, usual + steps * TEMPERATURE_STEP)), 2)
    penalty = min(HIGHEST_PENALTY, circles * PENALTY_PER_SAMPLE / sampling.max_tokens)
    return replace(
        sampling,
        temperature=temperature,
        frequency_penalty=penalty if circles else sampling.frequency_penalty,
    )


def _of_cut(text: str) -> Runaway:
    blanks = _BLANKS_BACKWARDS.match(text[::-1])
    if blanks is not None and blanks.end() >= BLANK_TAIL_CHARS:
        return "whitespace"
    return "repetition" if _ends_in_circles(text.rstrip("\ufffd")) else "length"


def _ends_in_circles(text: str) -> bool:
    """Whether the last CUT_CHARS characters or more are the same thing CUT_ROUNDS times or more."""
    backwards = text[: -CUT_TAIL_CHARS - 1 : -1]
    # borders[n - 1]: the longest true end of the first n characters that is also their beginning, so that
    # they repeat themselves every `n - border` characters.
    borders = [0] * len(backwards)
    border = 0
    for place in range(1, len(backwards)):
        while border and backwards[place] != backwards[border]:
            border = borders[border - 1]
        border += backwards[place] == backwards[border]
        borders[place] = border
        length = place + 1
        if length >= CUT_CHARS and length >= CUT_ROUNDS * (length - border):
            return True
    return False


def _is_circular(text: str) -> bool:
    """Whether much of it begins something that stands WHOLE_ROUNDS times or more: _GRAM characters of prose,
    a call with its arguments, or a response to such a call. Within JSON nothing is compared: that records
    are alike is no fault."""
    enough = max(WHOLE_CHARS, WHOLE_SHARE * len(text))
    words, repeated = _parts(text)
    if repeated + len(words) < enough:
        return False
    return repeated + _repeated_chars(words) >= enough


def _parts(text: str) -> tuple[str, int]:
    """The prose, and the characters of repeated calls and responses."""
    prose: list[str] = []
    json_chars: Counter[tuple[str, str]] = Counter()
    call = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith(_JSON_LINE):
            call = call if line.startswith(_RESPONSE) else line
            json_chars[call, line] += len(line)
        elif not _TAG_LINE.fullmatch(line):
            prose.append(line)
    of_json = sum(chars for (_, line), chars in json_chars.items() if chars >= WHOLE_ROUNDS * len(line))
    return " ".join(prose), of_json


def _repeated_chars(words: str) -> int:
    places = range(len(words) - _GRAM + 1)
    if not any(_comes_again(words, int(share * len(places))) for share in _LOOKED_AT):
        return 0
    grams = Counter(words[place : place + _GRAM] for place in places)
    return sum(count for count in grams.values() if count >= WHOLE_ROUNDS)


def _comes_again(words: str, place: int) -> bool:
    return words.find(words[place : place + _GRAM], place + 1) >= 0
