"""Invented sentences that stay on a topic.

A topic is a handful of words. If the prompt speaks of exactly one known company, it describes one case,
and the topic takes up all that the prompt says of it: so the stages of one conversation agree. A prompt with
no company or with several (examples to differ from) asks for something new.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from funcdex.sim import lexicon
from funcdex.sim.templates import SENTENCES, TITLES, Mood

_WORD = re.compile(r"[A-Za-z]+")
_NOUNS_OF_A_TOPIC = 8
_STAYS_ON_TOPIC = 0.7


@dataclass(frozen=True, slots=True)
class Topic:
    """What an answer is about. `person` speaks, `colleagues` are spoken of."""

    company: str
    industry: str
    job: str
    city: str
    project: str
    person: str
    colleagues: tuple[str, ...]
    nouns: tuple[str, ...]


def topic_of(prompt: str, rng: Random) -> Topic:
    """A topic that takes up the prompt's case, if it has one, and its nouns."""
    words = frozenset(_WORD.findall(prompt))
    nouns = [noun for noun in lexicon.NOUNS if noun in words]
    case = prompt if sum(company in words for company in lexicon.COMPANIES) == 1 else ""
    people = _people(case, rng)
    return Topic(
        company=_known_or_new(case, lexicon.COMPANIES, rng),
        industry=_known_or_new(case, lexicon.INDUSTRIES, rng),
        job=_known_or_new(case, lexicon.JOBS, rng),
        city=_known_or_new(case, lexicon.CITIES, rng),
        project=_known_or_new(case, lexicon.PROJECTS, rng),
        person=people[0],
        colleagues=people[1:],
        nouns=(*rng.sample(nouns, min(len(nouns), 4)), *rng.sample(lexicon.NOUNS, _NOUNS_OF_A_TOPIC)),
    )


def _known_or_new(case: str, words: Sequence[str], rng: Random) -> str:
    known = [word for word in words if word in case]
    return rng.choice(known or words)


def _people(case: str, rng: Random) -> tuple[str, ...]:
    """Four names; those of the case come first."""
    pairs = re.findall(r"\b([A-Z][a-z]+) ([A-Z][a-z]+)\b", case)
    known = [f"{a} {b}" for a, b in pairs if a in lexicon.FIRST_NAMES and b in lexicon.LAST_NAMES]
    new = zip(rng.sample(lexicon.FIRST_NAMES, 4), rng.sample(lexicon.LAST_NAMES, 4), strict=True)
    return tuple(dict.fromkeys([*known, *(" ".join(pair) for pair in new)]))[:4]


class Author:
    """Writes sentences of a mood, phrases and words; the same prompt and `rng` give the same text."""

    def __init__(self, topic: Topic, rng: Random) -> None:
        self.topic = topic
        self._rng = rng
        self._last = ""
        self._focus: tuple[Sequence[str], str, tuple[str, ...]] | None = None

    def turn_to_something_else(self) -> None:
        """From now on two other nouns, an adjective and a verb come up again and again."""
        rng = self._rng
        focus = rng.sample(self.topic.nouns, 2), rng.choice(lexicon.ADJECTIVES), rng.choice(lexicon.VERBS)
        self._focus = focus

    def sentence(self, mood: Mood, **given: str) -> str:
        """One sentence, 8 to 25 words, never from the same pattern twice in a row."""
        template = self._rng.choice([pattern for pattern in SENTENCES[mood] if pattern != self._last])
        self._last = template
        return _capital(template.format_map(_Holes(self, given)))

    def paragraph(self, mood: Mood, sentences: int) -> str:
        """So many sentences, each from another pattern as long as there are enough."""
        patterns = SENTENCES[mood]
        chosen = self._rng.sample(patterns, min(sentences, len(patterns)))
        return " ".join(_capital(pattern.format_map(_Holes(self, {}))) for pattern in chosen)

    def title(self) -> str:
        """Two to four words that name a thing."""
        return _capital(self._rng.choice(TITLES).format_map(_Holes(self, {})))

    def fill(self, hole: str) -> str:
        """A word for one hole of a pattern."""
        rng, topic = self._rng, self.topic
        nouns, adjective, verb = self._focus_or_anything()
        match hole:
            case "noun":
                return rng.choice(nouns)
            case "adj":
                return adjective
            case "verb" | "past":
                return verb[hole == "past"]
            case "day":
                return rng.choice(lexicon.DAYS)
            case "colleague":
                return rng.choice(topic.colleagues)
            case _:
                return str(getattr(topic, hole))

    def _focus_or_anything(self) -> tuple[Sequence[str], str, tuple[str, ...]]:
        if self._focus and self._rng.random() < _STAYS_ON_TOPIC:
            return self._focus
        return self.topic.nouns, self._rng.choice(lexicon.ADJECTIVES), self._rng.choice(lexicon.VERBS)


class _Holes(dict[str, str]):
    """Fills what is not given as the pattern asks for it, so each hole gets a draw of its own."""

    def __init__(self, author: Author, given: dict[str, str]) -> None:
        super().__init__(given)
        self._author = author
        self._used: set[str] = set()

    def __missing__(self, hole: str) -> str:
        words = [self._author.fill(hole) for _ in range(3)]
        word = next((word for word in words if word not in self._used), words[0])
        self._used.add(word)
        return word


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
