"""Everybody stays in their role: nobody repeats the writer's notes, declines without need, names the stage.

Reasons: persona_leak, refusal, simulation_mentioned. The phrases are English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from funcdex.types.conversation import Conversation
from funcdex.types.fault import Fault
from funcdex.verify.fold import fold, words
from funcdex.verify.given import Given
from funcdex.verify.phrases import Phrases

SAME_WORDS = 12
"""So many words in a row of a persona, a scenario or the like are a quotation."""
_HALF = SAME_WORDS // 2
MAX_CHARS = 50_000

_THIRD_PERSON = Phrases(
    ("user", "customer", "person", "client", "human", "assistant"),
    r"^(?:\W*)(?:the|this) (?:user|customer|person|client) (?:then |now |also |politely |simply )?"
    r"(?:asks|wants|says|requests|replies|responds|thanks|confirms|provides|needs|explains|mentions|tells|"
    r"gives|would like|is asking|agrees)\b|"
    r"^(?:user|human|assistant|customer)\s?:|\bthe user (?:asks|replies|responds|says|requests)\b",
)
_OF_PERSONA = Phrases(
    ("persona",),
    r"\b(?:according to|based on|per|from|in) (?:the|your|my|this) (?:user )?persona\b|"
    r"\bthe persona (?:is|says|describes)|\bmy persona\b|\bas (?:a|the) persona\b|\bthe user's persona\b",
)
_AI_REFUSAL = Phrases(
    ("as an ai", "as an artificial", "language model"),
    r"\bas an (?:ai|artificial intelligence)(?: language)?(?: model| assistant)?,? (?:i|my)\b|"
    r"\bi(?:'m| am) (?:just |only )?an? (?:ai|large) language model\b|\bas a (?:large )?language model\b",
)
_REFUSAL = Phrases(
    ("can't", "cannot", "can not", "unable", "not able", "decline", "guidelines", "polic", "programming"),
    r"\bi(?:'m| am) sorry,? (?:but )?i (?:can't|cannot|can not|am (?:not able|unable) to) "
    r"(?:assist|help|comply|fulfil)\w*\b(?! (?:find|locate|see))|"
    r"\bi (?:can't|cannot|am unable to|must decline to) (?:fulfil\w*|comply with|assist with|help with) "
    r"(?:this|that|your|the)(?: request)?\b|"
    r"\b(?:against|violates?) (?:my|openai|the) (?:guidelines|content policy|programming|polic(?:y|ies))\b",
)
_STAGE = Phrases(
    (
        *(
            "simulat",
            "fiction",
            "hypothet",
            "role",
            "generated",
            "synthetic",
            "mock",
            "fake",
            "dummy",
            "fabricat",
        ),
        *("scenario", "outline", "persona", "script", "conversation plan", "prompt", "schema", "<", "markup"),
        *("training ", "this example", "this sample"),
    ),
    r"\b(?:in|for|of|during|throughout) (?:this|the|our) "
    r"(?:simulated|simulation|fictional|hypothetical|role-?play(?:ed)?|generated|synthetic)\b"
    r"(?: (?:conversation|scenario|dialog\w*|environment|chat|example|data))?|"
    r"\b(?:this|it) is (?:just |only )?a (?:simulation|simulated|mock|role-?play)\b|"
    r"\b(?:simulated|mock|fake|dummy|fabricated) "
    r"(?:conversation|response|data|tool|api|result|output|dialog\w*|user|call)s?\b|"
    r"\b(?:as per|according to|per|based on|as described in|as stated in|following) (?:the|this|our) "
    r"(?:given |provided |above )?(?:scenario|outline|persona|script|conversation plan|prompt)\b|"
    r"\b(?:the )?(?:tool|function|json|response) schemas?\b|\bresponse_schema\b|"
    r"</?(?:tool|tool_response|assistant|user)>|\bdialog(?:ue)? markup\b|"
    r"\btraining (?:example|sample|conversation)\b|\bthis (?:example|sample) conversation\b",
)
_DML = re.compile(r"\bDML\b")


def role_faults(conversation: Conversation, given: Given) -> Iterator[Fault]:
    """What user and assistant say that only the writer can know; of thoughts nothing is asked."""
    heard: list[str] = []
    notes = _notes(given)
    for index, turn in enumerate(conversation.turns):
        yield from _of_user(turn.user, index, notes)
        heard.append(turn.user)
        for message in turn.messages:
            if message.text:
                yield from _of_assistant(message.text, index, notes, heard, given)
            if notes.whole and message.steps:
                heard.extend(str(response) for step in message.steps for response in step.responses)


def system_prompt_faults(text: str, given: Given) -> Iterator[Fault]:
    """The same of a system prompt, which speaks of the assistant and mentions no user's own description."""
    if quoted := _quoted(text, _notes(given), []):
        yield Fault("persona_leak", f"the system prompt repeats the description of the user: {quoted!r}")
    if match := _OF_PERSONA.search(fold(text)):
        yield Fault("persona_leak", f"the system prompt says {match[0]!r}")


def _of_user(text: str, turn: int, notes: _Notes) -> Iterator[Fault]:
    folded = fold(text[:MAX_CHARS])
    if match := _THIRD_PERSON.search(folded) or _OF_PERSONA.search(folded):
        yield Fault("persona_leak", f"the user speaks of themselves from outside: {match[0][:80]!r}", turn)
    elif quoted := _quoted(text, notes, []):
        yield Fault("persona_leak", f"the user repeats their own description: {quoted!r}", turn)
    yield from _stage("the user", text, folded, turn)


def _of_assistant(text: str, turn: int, notes: _Notes, heard: list[str], given: Given) -> Iterator[Fault]:
    folded = fold(text[:MAX_CHARS])
    if match := _OF_PERSONA.search(folded):
        yield Fault("persona_leak", f"the assistant says {match[0][:80]!r}", turn)
    elif quoted := _quoted(text, notes, heard):
        yield Fault("persona_leak", f"the assistant repeats the description of the user: {quoted!r}", turn)
    if match := _AI_REFUSAL.search(folded) or (None if given.refusals else _REFUSAL.search(folded)):
        yield Fault("refusal", f"the assistant declines: {match[0][:80]!r}", turn)
    yield from _stage("the assistant", text, folded, turn)


def _stage(who: str, text: str, folded: str, turn: int) -> Iterator[Fault]:
    match = _STAGE.search(folded)
    if match is None and "SQL" not in text:
        match = _DML.search(text)
    if match:
        yield Fault("simulation_mentioned", f"{who} says {match[0][:80]!r}", turn)


@dataclass(frozen=True, slots=True)
class _Notes:
    """What the writer knows and nobody says: every SAME_WORDS words in a row, and every half of them."""

    whole: frozenset[str]
    halves: frozenset[str]


_NOTHING_WRITTEN = _Notes(frozenset(), frozenset())


def _notes(given: Given) -> _Notes:
    persona, scenario = (
        _notes_of(text) if text else _NOTHING_WRITTEN for text in (given.persona, given.scenario)
    )
    return _Notes(persona.whole | scenario.whole, persona.halves | scenario.halves)


@lru_cache(maxsize=512)
def _notes_of(text: str) -> _Notes:
    said = words(fold(text[:MAX_CHARS]))
    return _Notes(frozenset(_in_a_row(said, SAME_WORDS)), frozenset(_in_a_row(said, _HALF)))


def _in_a_row(said: Sequence[str], count: int, step: int = 1) -> Iterator[str]:
    return (" ".join(said[at : at + count]) for at in range(0, len(said) - count + 1, step))


def _quoted(text: str, notes: _Notes, heard: list[str]) -> str | None:
    """Words of the notes in a text that nobody else has said before."""
    if not notes.whole or text.count(" ") < SAME_WORDS - 1:
        return None
    said = words(fold(text[:MAX_CHARS]))
    # Wherever a quotation begins, a half of it that is looked at here lies in it.
    if notes.halves.isdisjoint(_in_a_row(said, _HALF, _HALF)):
        return None
    for gram in _in_a_row(said, SAME_WORDS):
        if gram in notes.whole and not any(gram in " ".join(words(fold(one))) for one in heard):
            return gram
    return None
