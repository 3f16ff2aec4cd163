"""A small shop, and plans and blueprints of conversations in it, for tests of kinds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from funcdex.settings.tree import Settings
from funcdex.stages.plan import plan_at
from funcdex.types.kind import Kind
from funcdex.types.record import Draft, Plan
from funcdex.types.tools import Bundle, Tool, Toolkit

TEXT = {"type": "string"}


def _closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_INVOICES = {"type": "array", "items": _closed({"id": TEXT, "total": {"type": "integer"}}, "id")}
FIND = Tool(
    "shop",
    "FIND_INVOICES",
    "Find invoices.",
    _closed({"text": TEXT}, "text"),
    _closed({"items": _INVOICES}, "items"),
)
SEND = Tool(
    "shop",
    "SEND_INVOICE",
    "Send an invoice.",
    _closed({"invoice_id": TEXT, "to": TEXT, "copy": {"type": "boolean"}}, "invoice_id", "to"),
    _closed({"ok": {"type": "boolean"}}, "ok"),
)
CALL = Tool(
    "shop", "CALL_CUSTOMER", "Ring up a customer.", _closed({"name": TEXT}, "name"), _closed({"ok": {}})
)
TOOLS = (FIND, SEND, CALL)
SHOP = Bundle((Toolkit("shop", "Invoices.", TOOLS),))


def plan(kind: Kind = "happy_path", variant: str = "") -> Plan:
    """The first plan of the shop, of this kind."""
    first = plan_at(1, Settings(), (SHOP,))
    return replace(first, kind=kind, variant=variant, difficulty="easy", today="2025-03-04")


def said(value: object, turn: int = 1) -> dict[str, object]:
    """An argument that the user says."""
    return {"value": value, "turn": turn}


def call(tool: Tool, result: str = "ok", *, parallel: bool = False, **arguments: object) -> dict[str, Any]:
    """A planned call."""
    at_once = {"parallel": True} if parallel else {}
    return {"tool": tool.name, **at_once, "arguments": arguments, "result": result}


def turn(*calls: dict[str, Any], asks: str = "") -> dict[str, Any]:
    """A planned turn."""
    return {"user": "asks", **({"asks": asks} if asks else {}), "calls": list(calls), "assistant": "answers"}


def blueprint(*turns: dict[str, Any]) -> dict[str, Any]:
    """A plan; of fewer than two turns, one of words more."""
    every = [*turns, turn()][: max(2, len(turns))]
    return {"facts": ["Ada"], "turns": every, "ending": "Done."}


LOOK = call(FIND, text=said("Ada"))
THEN_SEND = call(SEND, invoice_id={"from": 1, "field": "items[0].id"}, to=said("Ada"))


def draft(kind: Kind = "happy_path", variant: str = "", planned: dict[str, Any] | None = None) -> Draft:
    """A draft that is ready to be written."""
    return Draft(
        plan(kind, variant),
        scenario="s",
        persona="p",
        outline="o",
        blueprint=planned or blueprint(turn(LOOK)),
        shown=tuple(tool.name for tool in TOOLS),
    )


def step(*pairs: tuple[Tool, dict[str, Any], Any]) -> str:
    """Calls at once, with their responses, in markup."""
    calls = [json.dumps({"name": tool.name, "arguments": arguments}) for tool, arguments, _ in pairs]
    lines = [f"<tool>{one}</tool>" for one in calls]
    lines += [f"<tool_response>{json.dumps(response)}</tool_response>" for *_, response in pairs]
    return "\n".join(lines)


def talk(*turns: tuple[str, tuple[str, ...], str]) -> str:
    """A conversation in markup: what the user says, the steps, what the assistant says."""
    return "\n".join(
        "\n".join((f"</user>\n{user}\n</assistant>", *steps, f"</assistant>\n{answer}" if steps else answer))
        for user, steps, answer in turns
    )
