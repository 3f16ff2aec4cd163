"""How well a tool fits what was asked.

What counts is how much of the query the tool covers, and how much of what the tool calls itself the query
says: a name or a first sentence that says little beside what was asked is nearer to it than one that says
much more. A tool that does another thing than what was asked comes later. The weights were chosen by their
mean effect over random settings, on the queries of tests/catalogue/queries.jsonl; docs/experiments.md has
what did not help.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from funcdex.catalogue.query import LONGEST_QUERY, Group
from funcdex.catalogue.synonyms import kinds, meanings, without_phrases
from funcdex.catalogue.words import words_of

# What a word counts for by where it stands.
_IN_NAME, _IN_TOOLKIT, _IN_SENTENCE, _IN_DESCRIPTION, _IN_PARAMETERS, _IN_ABOUT = 1.0, 0.9, 0.8, 0.5, 0.3, 0.4
# For a name, or a first sentence, that says nothing but what was asked.
_SAYS_WEIGHT = 0.4
# A sentence of fewer words says no more than one of so many.
_SHORT_SENTENCE = 5
# More for a tool that does what is asked, less for one that does what is of another kind.
_ACTION_WEIGHT = 0.1
# What is found by another word counts a little less than where the asked word stands somewhere, too.
_OWN_WEIGHT = 0.3

METHODS = frozenset(("get", "post", "put", "patch", "delet", "head"))
"""Stems of HTTP's methods: at the start of a name they say how a tool is called, not what it does."""

# Say nothing in a name; "delete" is also how others begin the name of what deletes.
_SILENT = METHODS - {"delet"}
_SENTENCE_CHARS = 120
_LEAST_SENTENCE_CHARS = 9
_SENTENCE_END = re.compile(r"[.\n:;(]\s|[.\n]$")


@dataclass(frozen=True, slots=True)
class Columns:
    """What a catalogue has on a tool: its description, and its words as `words` keeps them."""

    description: str
    name: str
    toolkit: str
    all_description: str
    parameters: str
    about: str


def scorer(text: str, groups: Sequence[Group]) -> Callable[[Columns], float]:
    """Scores tools for a query: 0 for nothing in common, above 1 for all words in the name. `groups`: those
    of the query, at least one."""
    worth = _worth(groups)
    verb = next(words_of(without_phrases(text[:LONGEST_QUERY])), "")
    wanted = meanings().get(verb, frozenset())
    tells = sum(group.tells for group in groups)

    def score(tool: Columns) -> float:
        sentence = tuple(dict.fromkeys(words_of(first_sentence(tool.description))))
        weight_of = _weights(worth.keys(), tool, sentence)
        covered = sum(group.tells * _found(group, weight_of) for group in groups) / tells
        name = tool.name.split()
        says = max(_said(_telling(name), worth, 1), _said(sentence, worth, _SHORT_SENTENCE))
        action = _does(wanted, does(name, sentence))
        return max(0.0, covered + _SAYS_WEIGHT * says + _ACTION_WEIGHT * action)

    return score


def first_sentence(description: str) -> str:
    """What a description begins with: its first sentence, or as much of it as is looked at."""
    start = description[:_SENTENCE_CHARS]
    end = _SENTENCE_END.search(start, _LEAST_SENTENCE_CHARS)
    return start[: end.start()] if end else start


def does(name: Sequence[str], sentence: Sequence[str]) -> frozenset[str]:
    """The actions that the verb of a tool may stand for: the word its description begins with, else the
    first verb of its name, else the HTTP method there. Both are given as words."""
    first = sentence[0] if sentence else ""
    for word in (*(() if first in METHODS else (first,)), *(name[1:] if _is_method(name) else name)):
        if word in meanings():
            return meanings()[word]
    return meanings().get(name[0] if _is_method(name) else first, frozenset())


def _is_method(name: Sequence[str]) -> bool:
    return len(name) > 1 and name[0] in METHODS


def _telling(name: Iterable[str]) -> list[str]:
    return [word for word in name if word not in _SILENT and not word.isdigit()]


def _worth(groups: Sequence[Group]) -> dict[str, float]:
    """What each word counts for, in the group where it counts most."""
    worth: dict[str, float] = {}
    for group in groups:
        for word, weight in group.words.items():
            worth[word] = max(weight, worth.get(word, 0.0))
    return worth


def _weights(asked: Collection[str], tool: Columns, sentence: Sequence[str]) -> dict[str, float]:
    """What the asked words count for by where they stand, the best place of each."""
    weight_of: dict[str, float] = {}
    for words, weight in (
        (tool.parameters.split(), _IN_PARAMETERS),
        (tool.about.split(), _IN_ABOUT),
        (tool.all_description.split(), _IN_DESCRIPTION),
        (sentence, _IN_SENTENCE),
        (tool.toolkit.split(), _IN_TOOLKIT),
        (tool.name.split(), _IN_NAME),
    ):
        weight_of.update((word, weight) for word in words if word in asked)
    return weight_of


def _found(group: Group, weight_of: Mapping[str, float]) -> float:
    best = max((weight * weight_of.get(word, 0.0) for word, weight in group.words.items()), default=0.0)
    return (1 - _OWN_WEIGHT) * best + _OWN_WEIGHT * weight_of.get(group.word, 0.0)


def _said(words: Sequence[str], worth: Mapping[str, float], least: int) -> float:
    """The share of words that was asked for, of at least so many."""
    return sum(worth.get(word, 0.0) for word in words) / max(len(words), least)


def _does(wanted: frozenset[str], done: frozenset[str]) -> float:
    """1 for what is asked, 0.5 for what is of its kind, -1 for what is of another, 0 if one is not known."""
    if not wanted or not done:
        return 0.0
    if wanted & done:
        return 1.0
    kind_of = kinds()
    return 0.5 if {kind_of[one] for one in wanted} & {kind_of[one] for one in done} else -1.0
