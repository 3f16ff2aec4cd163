"""Conversations that are known to be right, and the same with one fault in one turn.

The writer is a script: a shop, a customer's order, and three matters (an order is looked up, some of the
money goes back, the customer is told), in an order that the seed draws, so that a fault can be planted early
or late.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from funcdex.dml.writer import write
from funcdex.types.conversation import AssistantMessage, Conversation, JsonValue, Step, ToolCall, Turn
from funcdex.types.tools import Bundle, Tool, Toolkit

GOOD = "none"


def _tool(name: str, description: str, response: Mapping[str, str], **parameters: str) -> Tool:
    schema = {
        "type": "object",
        "properties": {key: {"type": kind} for key, kind in parameters.items()},
        "required": list(parameters),
    }
    returned = {"type": "object", "properties": {key: {"type": kind} for key, kind in response.items()}}
    return Tool("shop", name, description, schema, returned)


TOOLS = (
    _tool("FIND_ORDER", "Finds the latest order of a customer.",
          {"order_id": "string", "total": "number", "status": "string"}, email="string"),
    _tool("REFUND_ORDER", "Pays back a part of an order.",
          {"refund_id": "string", "amount": "number"}, order_id="string", amount="number", reason="string"),
    _tool("SEND_EMAIL", "Sends a mail.",
          {"message_id": "string"}, to="string", subject="string", body="string"),
    _tool("CANCEL_ORDER", "Cancels an order, which cannot be undone.",
          {"status": "string"}, order_id="string"),
)  # fmt: skip
BUNDLE = Bundle((Toolkit("shop", "Orders of a shop.", TOOLS),))


@dataclass(frozen=True, slots=True)
class Case:
    """A conversation in markup. `fault` is GOOD or a name of FAULTS, `turn` where it was planted (from 1)."""

    name: str
    dml: str
    turns: int
    fault: str = GOOD
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a conversation is about."""

    customer: str
    email: str
    order: str
    total: float
    back: float
    refund: str


def cases(seed: int, conversations: int) -> Iterator[Case]:
    """Good conversations, each followed by one copy for each fault, in a turn that the seed draws."""
    for number in range(conversations):
        dice = random.Random(f"{seed}:{number}")
        turns = _talk(_facts(dice), dice)
        name = f"talk {number + 1}"
        yield Case(name, write(Conversation(turns)), len(turns))
        for fault, plant in FAULTS.items():
            places = [index for index, turn in enumerate(turns) if plant(turn) is not None]
            index = dice.choice(places)
            planted = plant(turns[index])
            assert planted is not None
            changed = (*turns[:index], planted, *turns[index + 1 :])
            yield Case(f"{name}, {fault}", write(Conversation(changed)), len(turns), fault, index + 1)


def _facts(dice: random.Random) -> _Facts:
    first, last = dice.choice(("Ada", "Bela", "Chidi", "Dewi")), dice.choice(("Moreau", "Okafor", "Lind"))
    total = dice.randrange(40, 400) + 0.5
    return _Facts(
        customer=f"{first} {last}",
        email=f"{first}.{last}@mail.example".lower(),
        order=f"ord_{dice.randrange(10**5, 10**6)}",
        total=total,
        back=float(dice.randrange(5, int(total) - 5)),
        refund=f"ref_{dice.randrange(10**5, 10**6)}",
    )


def _talk(facts: _Facts, dice: random.Random) -> tuple[Turn, ...]:
    """The order is looked up first, because the refund needs its id; the mail may come before the refund."""
    find = _turn(
        f"Can you look up the last order of {facts.customer}? The address is {facts.email}.",
        ToolCall("FIND_ORDER", {"email": facts.email}),
        {"order_id": facts.order, "total": facts.total, "status": "delivered"},
        f"The last order of {facts.customer} is {facts.order} over {facts.total} euros; it was delivered.",
    )
    refund = _turn(
        f"One piece was broken, so please pay back {facts.back} euros of it.",
        ToolCall("REFUND_ORDER", {"order_id": facts.order, "amount": facts.back, "reason": "broken piece"}),
        {"refund_id": facts.refund, "amount": facts.back},
        f"Done: {facts.back} euros go back, refund {facts.refund}.",
    )
    mail = _turn(
        f"Write to {facts.customer} at that address that we are sorry for the broken piece.",
        ToolCall(
            "SEND_EMAIL",
            {"to": facts.email, "subject": "Your order", "body": "We are sorry that a piece was broken."},
        ),
        {"message_id": f"msg_{dice.randrange(10**5, 10**6)}"},
        f"The mail to {facts.email} is sent: we are sorry that a piece was broken.",
    )
    again = _turn(
        "And is the order still marked as delivered?",
        ToolCall("FIND_ORDER", {"email": facts.email}),
        {"order_id": facts.order, "total": facts.total, "status": "delivered"},
        f"Yes, {facts.order} over {facts.total} euros is marked as delivered.",
    )
    middle = [refund, mail]
    dice.shuffle(middle)
    return (find, *middle, *([again] if dice.random() < 0.5 else []))


def _turn(user: str, call: ToolCall, response: JsonValue, answer: str) -> Turn:
    return Turn(user, (AssistantMessage("", (Step((call,), (response,)),)), AssistantMessage(answer)))


def _call(turn: Turn) -> tuple[ToolCall, JsonValue]:
    step = turn.messages[0].steps[0]
    return step.calls[0], step.responses[0]


def _with(
    turn: Turn, *, call: ToolCall | None = None, response: JsonValue | None = None, answer: str | None = None
) -> Turn:
    old_call, old_response = _call(turn)
    step = Step((call or old_call,), (old_response if response is None else response,))
    return replace(
        turn, messages=(AssistantMessage("", (step,)), AssistantMessage(answer or turn.messages[-1].text))
    )


def _wrong_tool(turn: Turn) -> Turn | None:
    call, _ = _call(turn)
    if call.name != "REFUND_ORDER":
        return None
    cancelled = ToolCall("CANCEL_ORDER", {"order_id": call.arguments["order_id"]})
    return _with(
        turn, call=cancelled, response={"status": "cancelled"}, answer="Done: the order is taken care of."
    )


def _made_up_id(turn: Turn) -> Turn | None:
    call, _ = _call(turn)
    if "order_id" not in call.arguments:
        return None
    return _with(turn, call=ToolCall(call.name, {**call.arguments, "order_id": "ord_000001"}))


def _dropped_argument(turn: Turn) -> Turn | None:
    call, _ = _call(turn)
    if len(call.arguments) < 2:
        return None
    dropped = list(call.arguments)[-1]
    left = {key: value for key, value in call.arguments.items() if key != dropped}
    return _with(turn, call=ToolCall(call.name, left))


def _ignored_error(turn: Turn) -> Turn | None:
    return _with(turn, response={"error": {"code": 503, "message": "The service is not available."}})


def _wrong_figure(turn: Turn) -> Turn | None:
    call, _ = _call(turn)
    if call.name == "SEND_EMAIL":
        return None
    answer = turn.messages[-1].text
    digits = next(word for word in answer.split() if word.replace(".", "").isdigit())
    return _with(turn, answer=answer.replace(digits, str(float(digits) * 2 + 1)))


def _missing_answer(turn: Turn) -> Turn | None:
    return _with(turn, answer="Is there anything else that I can do for you?")


FAULTS: Mapping[str, Callable[[Turn], Turn | None]] = {
    "wrong_tool": _wrong_tool,
    "made_up_id": _made_up_id,
    "dropped_argument": _dropped_argument,
    "ignored_error": _ignored_error,
    "wrong_figure": _wrong_figure,
    "missing_answer": _missing_answer,
}
"""Name -> the turn with the fault; None where it cannot be planted."""


def shown_names() -> Sequence[str]:
    """The tools that the assistant had."""
    return [tool.name for tool in TOOLS]
