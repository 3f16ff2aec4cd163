"""Tools, toolkits and bundles: what a conversation can call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import orjson

from funcdex.types.error_response import response_forms

JsonSchema = Mapping[str, Any]
"""A JSON Schema as parsed JSON (draft 2020-12 keywords, nested at will, `$ref`s resolved)."""

FUNCTION_NAME_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
"""What every function-calling API accepts as a name."""


@dataclass(frozen=True)
class Tool:
    """One callable operation of one toolkit.

    `name` matches FUNCTION_NAME_PATTERN and is unique within its toolkit. `parameters` is a schema of
    `type: object`; `response` is the schema of what the tool answers, `{}` where nothing is known.

    Each conversation shows its tools in prompts and in every line of its outputs, so a tool keeps what it
    looks like there (and has no slots).
    """

    toolkit: str
    name: str
    description: str
    parameters: JsonSchema = field(default_factory=lambda: {"type": "object", "properties": {}})
    response: JsonSchema = field(default_factory=dict)
    original_name: str = ""
    """What its source calls it, if not by `name`: `gmail.users.messages.send`."""
    original_parameters: Mapping[str, str] = field(default_factory=dict)
    """Of arguments that had to be renamed, what the source calls them: `{"filter_name": "filter[name]"}`."""
    deprecated: bool = False
    """Whether its source advises against using it."""

    @cached_property
    def as_openai(self) -> Mapping[str, Any]:
        """The tool as an entry of OpenAI's `tools` list."""
        function = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": function}

    @cached_property
    def as_text(self) -> str:
        """The tool as models see it in a prompt: one line of JSON, response schema included."""
        return self._told(self.response)

    @cached_property
    def as_text_without_errors(self) -> str:
        """The same for conversations in which nothing fails: without the form that its errors have."""
        forms = response_forms(self.response)
        return self._told(forms.fine) if forms.own else self.as_text

    def _told(self, response: JsonSchema) -> str:
        fields = {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
            "response": response,
        }
        return orjson.dumps(fields).decode()


@dataclass(frozen=True, slots=True)
class Toolkit:
    """The tools of one application."""

    name: str
    description: str
    tools: tuple[Tool, ...]


@dataclass(frozen=True)
class Bundle:
    """Toolkits used together in one conversation; a single toolkit is a bundle of one."""

    toolkits: tuple[Toolkit, ...]

    @property
    def name(self) -> str:
        """`gmail`, or `gmail+googledrive`."""
        return "+".join(toolkit.name for toolkit in self.toolkits)

    @cached_property
    def by_name(self) -> Mapping[str, Tool]:
        """Each of the tools by its name."""
        return {tool.name: tool for tool in self.tools}

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """All tools, named apart: a name that two toolkits share gets its toolkit as a prefix."""
        every = [tool for toolkit in self.toolkits for tool in toolkit.tools]
        count: dict[str, int] = {}
        for tool in every:
            count[tool.name] = count.get(tool.name, 0) + 1
        return tuple(tool if count[tool.name] == 1 else _prefixed(tool) for tool in every)


def _prefixed(tool: Tool) -> Tool:
    # The end of the name is kept when it grows too long: that is where names of one toolkit differ.
    return replace(tool, name=f"{tool.toolkit}_{tool.name}"[-64:])
