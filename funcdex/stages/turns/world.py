"""What simulated tools have said to exist: the things in their responses, by id, so that they stay the same.

A response that contradicts an earlier one is found by program: the same id, the same field, another value,
and no call in between that may have changed it. What a call may change is told by its name: `GET_ORDER` only
looks, `UPDATE_ORDER` and whatever is not known to look may change anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from funcdex.types.conversation import JsonValue, ToolCall
from funcdex.types.error_response import is_error
from funcdex.types.json_values import plain_values

MOST_THINGS = 200
"""Things remembered; the oldest are forgotten."""
_MOST_DEPTH = 12
_ID = re.compile(r"(?:^|_)(?:id|uid|uuid|guid)$")
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
LOOKING_VERBS = frozenset(
    "get list fetch search find read lookup query retrieve check count show describe view export".split()
)
CHANGING_VERBS = frozenset(
    "accept activate add append apply approve archive assign attach block book buy cancel capture change "
    "charge clear close complete confirm copy create deactivate decline delete disable draft duplicate "
    "edit enable execute finish forward import insert invite issue join label leave lock make mark merge "
    "modify move open order pause pay pin place post publish purchase put refund register reject remove "
    "rename reopen replace reply reschedule reserve reset resolve restore resume revoke run save schedule "
    "send set share start stop submit subscribe suspend sync transfer trash trigger unarchive unassign "
    "unblock undo unlock unpin unsubscribe update upload upsert void watch write".split()
)

Thing = dict[str, str | int | float | bool]
"""The plain fields of one object that had an id; its nested ones are things of their own."""


@dataclass(slots=True)
class World:
    """Things by the value of their id. Fed with each response that counts."""

    things: dict[str, Thing] = field(default_factory=dict)

    def contradictions(self, call: ToolCall, response: JsonValue) -> list[str]:
        """What a response says otherwise than an earlier one, as `id field: new, was old`; none after a call
        that may have changed it."""
        if may_change(call.name):
            return []
        return [
            f"{id} {key}: {value!r}, was {self.things[id][key]!r}"
            for id, thing in things_in(response)
            for key, value in thing.items()
            if id in self.things and self.things[id].get(key, value) != value
        ]

    def take(self, call: ToolCall, response: JsonValue) -> None:
        """Remembers what a response says, and what a call that changes things says of what it names."""
        if is_error(response):
            return
        told = list(things_in(response))
        if may_change(call.name):
            told = [*things_in(dict(call.arguments)), *told]
        for id, thing in told:
            self.things[id] = self.things.pop(id, {}) | thing
        while len(self.things) > MOST_THINGS:
            del self.things[next(iter(self.things))]

    def named_by(self, call: ToolCall) -> dict[str, Thing]:
        """The things whose id stands in the arguments; where none does, the latest ones."""
        named = {str(value) for value in plain_values(dict(call.arguments))}
        found = {id: thing for id, thing in self.things.items() if id in named}
        return found or dict(list(self.things.items())[-10:])


def may_change(name: str) -> bool:
    """Whether a call of this name may change what a later one finds.

    The first verb says it: `ADD_TO_LIST` adds. Many are nouns as well, so one that looks counts for less
    where it does not begin the name and another verb follows: `BOARD_LIST_CREATE` creates.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    verbs = [index for index, word in enumerate(words) if word in LOOKING_VERBS | CHANGING_VERBS]
    if not verbs or words[verbs[0]] in CHANGING_VERBS:
        return True
    if words[verbs[0] : verbs[0] + 2] in (["check", "in"], ["check", "out"]):
        return True
    return verbs[0] > 0 and any(words[index] in CHANGING_VERBS for index in verbs[1:])


def things_in(value: JsonValue, depth: int = 0) -> Iterator[tuple[str, Thing]]:
    """Every object with an id of its own, the outermost first."""
    if depth > _MOST_DEPTH:
        return
    if isinstance(value, Mapping):
        id = _id_of(value)
        if id is not None:
            yield id, {key: one for key, one in value.items() if isinstance(one, str | int | float)}
        for one in value.values():
            yield from things_in(one, depth + 1)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from things_in(one, depth + 1)


def _id_of(thing: Mapping[str, JsonValue]) -> str | None:
    """The value of its `id`, else of the first field that is called an id of something."""
    named = [key for key in thing if key.lower() == "id"] or [key for key in thing if _ID.search(_snake(key))]
    value = thing[named[0]] if named else None
    usable = isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    return str(value) if usable else None


def _snake(key: str) -> str:
    return "_".join(word.lower() for word in _WORD.findall(key))
