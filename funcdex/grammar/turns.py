"""Messages and turns around the steps, where nothing is owed any more.

Where a text is followed by a tag, the text region swallows the `<` of that tag (`regions.py`), so a rule
whose name ends in `-open` ends right after such a `<`, or before the text that has one at its end.
"""

from __future__ import annotations

from dataclasses import dataclass

from funcdex.grammar.ir import EMPTY, Literal, Node, Reference, Repeat, Text, choice, optional, sequence
from funcdex.grammar.rules import RuleBook

USER = Literal("/user>\n")
CALL = Literal("tool>")
CALL_AT_ONCE = Literal("<tool>")


@dataclass(frozen=True, slots=True)
class Turns:
    """The pieces of which conversations are made; nodes only, their rules are in the book.

    `speaker`: all that stands between the `<` before an assistant message and its words. `calling`: from
    behind the first speaker of a turn to the words that end it. `rest`: from behind a response to those
    words. `turn`: from the user's words to them. `silent_later`: a message after a response may say nothing,
    because it has a thought.
    """

    speaker: Node
    calling: Node
    rest: Node
    turn: Reference
    silent_later: bool
    least: int
    most: int

    def all(self) -> Node:
        """All turns, from behind the first `</user>`."""
        return self._counted(self.least, self.most)

    def end(self, turn: int) -> Node:
        """The words that end this turn, counted from 1, and all turns after it."""
        options: list[Node] = []
        if turn >= self.least:
            options.append(Text("end"))
        if turn < self.most:
            further = self._counted(max(self.least - turn, 1), self.most - turn)
            options.append(sequence(Text("line"), USER, further))
        return choice(*options)

    def _counted(self, least: int, most: int) -> Node:
        # The first turn in front: were the last one behind, an engine that follows each alternative by itself
        # would read every turn twice, as the last one too.
        others = Repeat(sequence(Text("line"), USER, self.turn), least - 1, most - 1)
        return sequence(self.turn, EMPTY if most == 1 else others, Text("end"))


def turns_of(step: Node | None, *, thoughts: bool, least: int, most: int, book: RuleBook) -> Turns:
    """`least` to `most` turns of any steps of this kind; None: without steps."""
    thought = sequence(
        Literal("assistant_thought>"), Text("tag"), Literal("/assistant_thought>\n</assistant>\n")
    )
    speaker = thought if thoughts else Literal("/assistant>\n")
    if step is None:
        turn = book.add("turn-open", sequence(Text("line"), speaker))
        return Turns(speaker, EMPTY, speaker, turn, thoughts, least, most)
    more_steps = Repeat(sequence(CALL, step), 0, None)
    steps = book.add("steps-open", sequence(step, more_steps))
    worded = sequence(Text("line"), CALL, steps, speaker)
    either = choice(worded, sequence(CALL_AT_ONCE, steps, speaker))
    later: Node
    calling: Node
    if thoughts:
        later = calling = Repeat(book.add("calling-message", either), 0, None)
    else:
        # Calls that follow a response without a word belong to the same message, so only the first is silent.
        later = Repeat(book.add("later-message", worded), 0, None)
        calling = optional(sequence(book.add("first-message", either), later))
    turn = book.add("turn-open", sequence(Text("line"), speaker, calling))
    rest = sequence(more_steps, speaker, later)
    return Turns(speaker, calling, rest, turn, thoughts, least, most)
