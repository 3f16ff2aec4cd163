"""A beginning that is given: whole turns, then the words of the user who speaks next."""

from __future__ import annotations

from collections.abc import Sequence

from funcdex.dml.checks import Calls, Rules, check
from funcdex.dml.writer import write
from funcdex.errors import GrammarError
from funcdex.grammar.ir import Literal, Node
from funcdex.types.conversation import AssistantMessage, Conversation, Turn


def opening_text(
    before: Sequence[Turn],
    user: str,
    *,
    thoughts: bool,
    parallel_calls: bool,
    calls: Calls,
    max_user_turns: int,
) -> Node:
    """Exactly these turns and this user message, up to the `<` of the tag behind it.

    Raises GrammarError for what has no written form, and for turns of a kind that the conversation may not
    have.
    """
    try:
        answered = Turn(user, (AssistantMessage("."),))
        written = write(Conversation((*before, answered)))
    except ValueError as error:
        raise GrammarError(
            f"it cannot be written: {error}", where="opening of a conversation", fix="Correct its text."
        ) from error
    if "\x00" in written:
        # Not every engine reads it in a literal.
        raise GrammarError(
            "a text holds the character U+0000",
            where="opening of a conversation",
            fix="Take it out: it means nothing to a reader.",
        )
    rules = Rules(thoughts, parallel_calls, 0, max_user_turns - 1, calls=calls if calls == "none" else "free")
    faults = check(Conversation(tuple(before)), rules) if before else ()
    if faults:
        raise GrammarError(
            f"the turns that stand before are not of the kind that is asked for: {faults[0].detail}",
            where="before" if faults[0].turn is None else f"before, turn {faults[0].turn + 1}",
            fix="Leave the turns out, or change the parameters.",
        )
    return Literal(written.removesuffix("/assistant>\n."))
