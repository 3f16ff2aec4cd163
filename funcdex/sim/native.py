"""Tools of the chat API at the simulated endpoint: read from a request, called in an answer.

A message of markup is written under the grammar of the offered tools, and told as content and `tool_calls`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

from funcdex.dml.lexer import tokens
from funcdex.errors import GrammarError, MarkupError
from funcdex.grammar.message import message_grammar
from funcdex.sim.constraint import BadRequest
from funcdex.types.tools import Tool

_MOST_TOOLS = 512


def offered_tools(body: Mapping[str, Any]) -> tuple[bytes, bool, bool] | None:
    """The tools of a request as JSON, whether they may be called, and whether several at once; None if there
    are none. Raises BadRequest."""
    tools = body.get("tools")
    if not tools:
        return None
    if not isinstance(tools, list) or len(tools) > _MOST_TOOLS:
        raise BadRequest(f"tools is not a list of at most {_MOST_TOOLS}", "tools")
    choice = body.get("tool_choice", "auto")
    if choice not in ("auto", "none"):
        raise BadRequest(f"only the tool_choices auto and none are simulated, not {choice!r}", "tool_choice")
    return orjson.dumps(tools), choice == "auto", body.get("parallel_tool_calls", True) is True


@lru_cache(maxsize=64)
def grammar_of_message(tools: bytes, may_call: bool, parallel: bool) -> str:
    """The grammar, in Lark, of one message that may call these tools. Raises BadRequest."""
    offered = [_tool(entry) for entry in orjson.loads(tools)]
    try:
        return message_grammar(
            offered if may_call else (), thoughts=False, parallel_calls=parallel, level="schema"
        ).render("lark")
    except GrammarError as error:
        raise BadRequest(f"tools: {error}", "tools") from error


def _tool(entry: object) -> Tool:
    function = entry.get("function") if isinstance(entry, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(function, dict) or not isinstance(name, str):
        raise BadRequest("a tool is not a function with a name", "tools")
    parameters = function.get("parameters")
    schema = parameters if isinstance(parameters, dict) else {"type": "object", "properties": {}}
    return Tool("", name, str(function.get("description", "")), schema)


def parts_of(markup: str) -> tuple[str, list[tuple[str, str]]]:
    """The words of a message in markup and what it calls: names, and arguments as JSON. What is broken off,
    or was written without the grammar, is words."""
    text, calls = "", list[tuple[str, str]]()
    try:
        for token in tokens(markup):
            if token.kind == "text":
                text = token.value
            elif token.kind == "<tool>":
                calls.append((token.value["name"], orjson.dumps(token.value["arguments"]).decode()))
    except MarkupError:
        return markup, []
    return text, calls


def called_by(message: Mapping[str, Any]) -> str:
    """What an assistant's message without words has called, as text."""
    return "\n".join(_calls(message.get("tool_calls")))


def _calls(told: object) -> Iterator[str]:
    for call in told if isinstance(told, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield f"{function.get('name')} {function.get('arguments')}"
