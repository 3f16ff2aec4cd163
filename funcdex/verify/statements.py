"""What the assistant says after tools have answered does not contradict them.

An id, an address, an amount, a number, a date or a time in its words has to stand in the user's words, in a
call or in a response so far, or follow from them (`totals.py`). Not looked at are questions and estimates
("about", "up to", "within"), spans of time, and small numbers that count nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from funcdex.types.fault import Fault
from funcdex.types.tools import Tool
from funcdex.verify.claims import HARD_KINDS, IN_ANY_LANGUAGE, Claim, claims_in
from funcdex.verify.evidence import Evidence
from funcdex.verify.fold import fold
from funcdex.verify.given import NOTHING, Given
from funcdex.verify.grounding import schema_text
from funcdex.verify.moments import moments_in
from funcdex.verify.quantities import MINUTES_IN, numbers_in
from funcdex.verify.sources import source_of_text
from funcdex.verify.totals import follows, longest_list
from funcdex.verify.transcript import TurnSaid

MAX_FAULTS = 5
"""Of one message."""

_FACTORS = (1.0, 100.0, 0.01)
"""Of the number that is said: cents, percent."""
_SENTENCE = re.compile(r"[^.?!\n]*(?:[.](?=\S)[^.?!\n]*)*[.?!\n]?")
_HEDGE = re.compile(
    r"\b(?:about|around|approximately|approx|roughly|nearly|almost|up to|at least|at most|more than|less "
    r"than|over|"
    r"under|within|between|average|estimated?|[kmgt]i?b|usually|typically|for example|e\.g\.|such as|if "
    r"you|would you|could|"
    r"can|would|might|(?<!\d )may(?! \d)|should|shall|let me know|percent|per cent|remaining|left|total of|"
    r"suggest|recommend|offer)\b|[~%]"
)
_COUNT = re.compile(
    r"(?<![\w.,:/$€£#-])([0-9]{1,3}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
    r" (?:[a-z-]+ ){0,2}?([a-z-]{2,}s)\b"
)
_NOT_COUNTED = frozenset(MINUTES_IN) | frozenset(
    "months years quarters seconds dollars euros pounds cents percent points times others options ways "
    "steps minutes is was has as this its yes us always perhaps business degrees miles kms metres meters "
    "pages "
    "stars".split()
)
_TELLS_COUNT = re.compile(
    r"\b(?:found|have|has|there are|are|were|lists?|listed|contains?|includes?|sent|created|retrieved|"
    r"returned|shows?|got|with|became|changed|replaced|"
    r"updated|deleted|moved|added|marked|archived|removed|carry|carries|total|now|done|shared|scheduled|booked)\b"
)


def contradictions(
    turns: Sequence[TurnSaid], tools: Mapping[str, Tool], given: Given = NOTHING
) -> Iterator[Fault]:
    """Reason: contradicts_response, at most MAX_FAULTS for one message."""
    evidence = Evidence(given.today, schema_text(tools), everything_counts=True)
    if given.system:
        evidence.add(source_of_text("system", None, given.system))
    answered, counted = False, 0
    for index, turn in enumerate(turns):
        evidence.add(turn.user)
        calls: Counter[str] = Counter()
        for message in turn.messages:
            if answered and message.text:
                count = counted if calls and given.english else None
                found = _faults(message.text, index, evidence, count, english=given.english)
                yield from list(found)[:MAX_FAULTS]
            for called in (called for step in message.steps for called in step):
                evidence.add(called.arguments)
                evidence.add(called.answer)
                calls[called.call.name] += max(1, longest_list(called.response))
                counted = max(counted, sum(calls.values()))
                answered = True


def _faults(
    text: str, turn: int, evidence: Evidence, counted: int | None, *, english: bool
) -> Iterator[Fault]:
    # `Rund 300` and `halb drei` are estimates and times to those who know the language.
    claims = [claim for claim in claims_in(text) if english or claim.kind in IN_ANY_LANGUAGE]
    if not claims and counted is None:
        return
    folded = fold(text)
    sentences = [(match.start(), match.end()) for match in _SENTENCE.finditer(folded) if match[0].strip()]
    loose = [span for span in sentences if _is_loose(folded[slice(*span)])]
    if claims:
        evidence.relative = not _has_dates(evidence)
    for claim in claims:
        if claim.kind not in HARD_KINDS and any(start <= claim.start < end for start, end in loose):
            continue
        if not _is_known(claim, evidence):
            yield _fault(claim.text, turn)
    if counted is not None:
        taken = [(claim.start, claim.end) for claim in claims]
        for start, end in sentences:
            if (start, end) not in loose:
                yield from _wrong_counts(folded, start, end, taken, turn, evidence, counted)


def _is_loose(sentence: str) -> bool:
    return sentence.rstrip().endswith("?") or _HEDGE.search(sentence) is not None


def _has_dates(evidence: Evidence) -> bool:
    return any(moments_in(source.folded).dates for source in evidence.sources if source.kind != "assistant")


def _is_known(claim: Claim, evidence: Evidence) -> bool:
    if evidence.claim(claim, factors=_FACTORS, edge=False):
        return True
    if claim.kind in ("amount", "number"):
        return any(
            isinstance(value, int | float) and follows(value, _FACTORS, evidence) for value in claim.values
        )
    return False


def _wrong_counts(
    folded: str,
    start: int,
    end: int,
    taken: list[tuple[int, int]],
    turn: int,
    evidence: Evidence,
    counted: int,
) -> Iterator[Fault]:
    """`five unread messages` where three were answered: more than any list has, and a number nobody named."""
    if not _TELLS_COUNT.search(folded, start, end):
        return
    for match in _COUNT.finditer(folded, start, end):
        if match[2] in _NOT_COUNTED or any(one <= match.start() < two for one, two in taken):
            continue
        value = max(numbers_in(match[1]), default=0.0)
        if value < 2 or value <= counted or evidence.number(value) or follows(value, (1.0,), evidence):
            continue
        yield _fault(match[0], turn)


def _fault(said: str, turn: int) -> Fault:
    return Fault(
        "contradicts_response",
        f"the assistant says {said[:80]!r}, which no response, call or user message so far has",
        turn,
    )
