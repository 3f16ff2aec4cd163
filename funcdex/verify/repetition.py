"""Nobody goes round in circles: the same call, sentence or message again and again."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from funcdex.types.conversation import Conversation
from funcdex.types.fault import Fault
from funcdex.verify.exchanges import Exchange, exchanges
from funcdex.verify.fold import fold, words

SAME_CALLS = 3
"""Calls in a row with the same arguments and the same response."""
SAME_SENTENCES, SAME_SENTENCES_IN_ALL = 3, 5
"""How often a sentence stands in one message, and in all of one speaker's."""
FEWEST_WORDS = 5
"""Of a sentence that counts."""
FEWEST_WORDS_OF_USER = 4
"""Of a user message that must not come again: `Yes, please.` may."""

_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")


def repetitions(conversation: Conversation, *, same_calls: int = SAME_CALLS) -> Iterator[Fault]:
    """Reason: repeats_itself."""
    yield from _calls(list(exchanges(conversation)), same_calls)
    yield from _user_messages(conversation)
    yield from _sentences(conversation)


def _calls(made: Sequence[Exchange], same_calls: int) -> Iterator[Fault]:
    # Names first: most neighbours differ in them, and writing arguments as text takes long.
    run = 1
    for before, here in zip(made, made[1:], strict=False):
        run = run + 1 if _is_same(before, here) else 1
        if run == same_calls:
            yield Fault(
                "repeats_itself",
                f"{here.call.name[:64]!r} is called {same_calls} times in a row with the same arguments "
                "and the "
                "same response",
                here.turn,
            )


def _is_same(one: Exchange, two: Exchange) -> bool:
    return one.call.name == two.call.name and _text((dict(one.call.arguments), one.response)) == _text(
        (dict(two.call.arguments), two.response)
    )


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _user_messages(conversation: Conversation) -> Iterator[Fault]:
    seen: dict[tuple[str, ...], int] = {}
    for index, turn in enumerate(conversation.turns):
        said = tuple(words(fold(turn.user)))
        if len(said) < FEWEST_WORDS_OF_USER:
            continue
        if said in seen:
            yield Fault("repeats_itself", f"the user says what they said in turn {seen[said] + 1}", index)
        seen.setdefault(said, index)


def _sentences(conversation: Conversation) -> Iterator[Fault]:
    totals: dict[str, Counter[str]] = {"user": Counter(), "assistant": Counter()}
    for index, turn in enumerate(conversation.turns):
        texts = [("user", turn.user), *(("assistant", message.text) for message in turn.messages)]
        for who, text in texts:
            here = Counter(_long_sentences(text))
            total = totals[who]
            for sentence, times in here.items():
                before = total[sentence]
                total[sentence] += times
                if times >= SAME_SENTENCES or before < SAME_SENTENCES_IN_ALL <= before + times:
                    said = f"the {who} says {sentence[:80]!r} {before + times} times"
                    yield Fault("repeats_itself", said, index)


def _long_sentences(text: str) -> Iterator[str]:
    for sentence in _ENDS.split(text):
        folded = sentence.strip().lower()
        # Questions at the end of an answer are a habit of assistants, not a circle.
        if folded.count(" ") >= FEWEST_WORDS - 1 and not folded.endswith("?"):
            yield folded
