"""An assistant whose last call failed says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from funcdex.types.conversation import Conversation, Turn
from funcdex.types.error_response import is_error
from funcdex.types.fault import Fault
from funcdex.verify.fold import fold

_ADMITS = re.compile(
    r"\b(?:errors?|un(?:able|fortunately|available|successful|expected|known)|could(?:n't| not)|can(?:not|"
    r"'t)|fail\w*|problems?|issues?|"
    r"sorry|apolog\w*|not?|n't|no longer|denied|refus\w*|reject\w*|invalid|expired|missing|again|retry|"
    r"trouble|however|"
    r"but|instead|without|nothing|exceed\w*|conflict\w*|already|wrong|limit|permission|blocked|declined|seems?|"
    r"\w+n't|went wrong|different|another|alternative\w*|rather|until|first|need)\b"
)


def ignored_errors(conversation: Conversation) -> Iterator[Fault]:
    """Reason: ignored_error. For conversations in English: the words are."""
    for index, turn in enumerate(conversation.turns):
        name = _failed_last(turn)
        if name is not None and not _ADMITS.search(fold(turn.messages[-1].text)):
            yield Fault(
                "ignored_error",
                f"the last call ({name[:64]}) was answered with an error, and the assistant does not say "
                "that it "
                "failed",
                index,
            )


def _failed_last(turn: Turn) -> str | None:
    """The tool whose call failed, where no later call of the turn went well."""
    steps = [step for message in turn.messages for step in message.steps]
    if not steps:
        return None
    last = steps[-1]
    failed = [
        call.name for call, response in zip(last.calls, last.responses, strict=True) if is_error(response)
    ]
    return failed[0] if failed and len(failed) == len(last.calls) else None
