"""Prompts are files beside this module, one per stage: Jinja2, a system part and a user part.

What is put in (tool descriptions, scenarios, model output) is a value and never a template, so braces in
it mean nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from funcdex.types.request import Message

_FOLDER = Path(__file__).parent / "prompts"
_USER_PART = "=== user ===\n"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file. `version` is a hash of its text, and stands in every record it had a part in."""

    version: str
    template: Template

    def messages(self, **values: Any) -> tuple[Message, ...]:
        """The two messages with `values` in place. A missing value is an error, never an empty string."""
        # Blocks of one template share the context, which takes as long to make as to use.
        context, blocks = self.template.new_context(values), self.template.blocks
        system, user = ("".join(blocks[role](context)).strip() for role in ("system", "user"))
        return Message("system", system), Message("user", user)


@cache
def prompt(name: str) -> Prompt:
    """The prompt `prompts/{name}.j2`."""
    source = (_FOLDER / f"{name}.j2").read_text("utf-8")
    system, _, user = source.partition(_USER_PART)
    # No sandbox: the templates are ours, and looking at each attribute would take twice as long as the rest.
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    version = hashlib.sha256(source.encode()).hexdigest()[:12]
    blocks = f"{{% block system %}}{system}{{% endblock %}}{{% block user %}}{user}{{% endblock %}}"
    return Prompt(version, environment.from_string(blocks))


def prompt_versions() -> dict[str, str]:
    """Name -> version of every prompt there is; the manifest keeps them."""
    return {path.stem: prompt(path.stem).version for path in sorted(_FOLDER.glob("*.j2"))}
