"""What the tiny models like to say next, as a table: so that they end texts, strings, objects and answers
by themselves.

Random weights never close a JSON string, so a conversation under a grammar would run to the token limit.
The tables below say, by the way the last token ended, how often each kind of token comes next. They are
mild: words are the bulk of what is said, and a grammar's mask renormalises them, so after a closing quote
only `,`, `}` and `]` compete. Three rules keep generation short at temperature 1 and finite at temperature
0:
- in running text about one token in 30 starts with `<`, and one in 20 closes a string;
- a sentence is often the last of its line, and a line often the last before a tag;
- closing (`}`, `]`, the end of the answer) beats going on (`,`, another `<`), so lists and nested objects
  stay small;
- the likeliest single token after each ending leads on to one that closes: greedily, text is `"}` and then
  `<` or the end.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence

WORD_KINDS = ("first_word", "next_word", "rest")
"""The kinds whose members the context chooses between; the others follow the table alone, or greedy walks
could go round for ever."""

NEVER = -20.0
"""Log probability of a token that is never said: half a character, a chat marker."""

# Kinds of next token. The tokens named here share nine tenths of their kind's weight, all others of the
# kind the rest.
LEADERS: Mapping[str, tuple[str, ...]] = {
    "end": (),
    "tag": ("<", "<", "</"),
    "quote": ('"', '"', '"', ' "'),
    "close": ("}", "]"),
    "open": ("{", "["),
    "comma": (",",),
    "stop": (".", ".", "?", "!"),
    "colon": (":",),
    "slash": ("/",),
    "angle": (">",),
    "newline": ("\n",),
    "space": (" ",),
    "tag_word": ("tool", "tool", "assistant", "user"),
    "literal": ("true", "false", "null"),
    "digit": (),
    "first_word": (),
    "next_word": (),
    "rest": (),
}

# How the last token ended -> percent for each kind of next token; what is not named gets REST_PERCENT.
_HABITS = {
    "word": "next_word 76  stop 4  comma 3  tag 3  quote 5  end 1.5  colon 0.5  digit 1  angle 1",
    "digit": "next_word 40  digit 8  comma 6  close 20  quote 8  stop 3  tag 7  end 5",
    "stop": "next_word 40  newline 30  quote 8  tag 12  end 8  digit 1",
    "comma": "next_word 70  quote 12  tag 3  end 2.5  literal 1  digit 2  open 1",
    "colon": "next_word 40  quote 25  literal 6  digit 8  open 2  tag 3  end 2.5  close 1",
    "newline": "first_word 15  tag 60  end 4  literal 2  digit 2  close 3  quote 6  open 2",
    "space": "first_word 50  quote 10  tag 6  end 4  literal 4  digit 4  close 4  open 2",
    "quote": "first_word 35  next_word 12  tag 3  close 18  comma 5  colon 6  quote 2  end 3",
    "open": "quote 30  close 30  first_word 15  tag 6  literal 3  open 3  digit 3",
    "close": "close 15  tag 15  comma 6  next_word 15  newline 0.5  end 12  quote 3",
    "tag": "tag_word 35  slash 25  end 15  quote 10  first_word 10",
    "slash": "tag_word 40  end 15  quote 12  first_word 15  tag 5",
    "angle": "first_word 45  newline 2  tag 7  end 10  open 4  quote 6",
    "other": "first_word 40  next_word 15  quote 10  tag 10  literal 2  digit 4  close 4  end 8",
}
# White space between JSON tokens is legal without end under most grammars: unless named above, it is rarer
# still.
RARE: Mapping[str, float] = {"newline": 0.02, "space": 0.02}
REST_PERCENT = 0.3


def _row(text: str) -> dict[str, float]:
    words = text.split()
    return {name: float(percent) for name, percent in zip(words[::2], words[1::2], strict=True)}


HABITS = {name: _row(text) for name, text in _HABITS.items()}
ENDINGS = tuple(HABITS)
_MARKS = {"stop": ".?!", "comma": ",", "colon": ":", "newline": "\n", "space": " ", "quote": '"'}
_MARKS |= {"open": "{[(", "close": "}])", "tag": "<", "slash": "/", "angle": ">"}
_LAST_CHARACTER = {mark: name for name, marks in _MARKS.items() for mark in marks}
_KINDS = [
    ("tag", re.compile(r"[^a-zA-Z]*<.*", re.DOTALL)),
    ("quote", re.compile(r'.*".*', re.DOTALL)),
    ("close", re.compile(r"[\]}]+,?")),
    ("open", re.compile(r" ?[\[{]+")),
    ("comma", re.compile(",")),
    ("stop", re.compile("[.?!]")),
    ("colon", re.compile(":")),
    ("slash", re.compile("/")),
    ("angle", re.compile(">")),
    ("newline", re.compile("\n+")),
    ("space", re.compile(" ")),
    ("tag_word", re.compile("tool|assistant|user")),
    ("literal", re.compile("true|false|null")),
    ("digit", re.compile(r" ?\d{1,2}")),
]


def ending(token: str) -> str:
    """How `token` ends: a key of HABITS."""
    last = token[-1:]
    if last.isalpha():
        return "word"
    return "digit" if last.isdigit() else _LAST_CHARACTER.get(last, "other")


def kind(token: str, words: Container[str]) -> str:
    """What saying `token` would do: a key of LEADERS. Parts of words are "rest", so that words come out
    whole."""
    for name, pattern in _KINDS:
        if pattern.fullmatch(token):
            return name
    if token.startswith(" ") and token[1:] in words:
        return "next_word"
    return "first_word" if token in words else "rest"


def log_probabilities(
    tokens: Sequence[str | None], end: int, words: Container[str]
) -> dict[str, list[float]]:
    """For each ending, the log probability of every token, in the order of `tokens`; None is never said,
    `end` ends the answer."""
    kinds = [None if token is None else kind(token, words) for token in tokens]
    kinds[end] = "end"
    shares = _shares(tokens, kinds)
    return {
        name: [_log(habits, *pair) for pair in zip(kinds, shares, strict=True)]
        for name, habits in HABITS.items()
    }


def _shares(tokens: Sequence[str | None], kinds: Sequence[str | None]) -> list[float]:
    """Each token's part of its kind's weight."""
    leading = [
        LEADERS[name].count(token or "") if name else 0 for name, token in zip(kinds, tokens, strict=True)
    ]
    followers: dict[str | None, int] = defaultdict(int)
    leads: dict[str | None, int] = defaultdict(int)
    for name, votes in zip(kinds, leading, strict=True):
        leads[name] += votes
        followers[name] += votes == 0
    return [_share(votes, leads[name], followers[name]) for name, votes in zip(kinds, leading, strict=True)]


def _share(votes: int, all_votes: int, followers: int) -> float:
    if votes:
        return (0.9 if followers else 1.0) * votes / all_votes
    return (0.1 if all_votes else 1.0) / followers


def _log(habits: Mapping[str, float], name: str | None, share: float) -> float:
    return NEVER if name is None else math.log(habits.get(name, RARE.get(name, REST_PERCENT)) / 100 * share)
