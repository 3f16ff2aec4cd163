"""Chat templates in the manner of four families of models, rendered as transformers renders them.

The templates are written for these tests: they keep the habits on which a data set may stumble, such as
calling `tojson` on arguments whatever they are, or asking whether a key is there at all.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jinja2.exceptions import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from export.records import ABSTENTION, MESSAGES, TOOLS, record, rows
from funcdex.export.options import Options

TEMPLATES = sorted(Path(__file__).with_name("templates").glob("*.jinja"))
EVERY = pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
ONE_CALL = [MESSAGES[0], *MESSAGES[4:]]


def rendered(template: Path, row: Any) -> str:
    """As `apply_chat_template` does it: its sandbox, its `tojson`, its way to raise."""

    def tojson(value: object, ensure_ascii: bool = False, indent: int | None = None) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)

    def raise_exception(message: str) -> str:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    return environment.from_string(template.read_text("utf-8")).render(
        messages=row["messages"], tools=row["tools"], add_generation_prompt=False
    )


@EVERY
def test_every_message_is_in_the_text_in_its_order(template: Path) -> None:
    (row,) = rows("trl", record(messages=ONE_CALL), Options(thoughts="strip"))
    text = rendered(template, row)
    at = 0
    for said in (
        "You help with mail.",
        "Was gibt's Neues? Und wer ist Jürgen 🙂?",
        '{"id": 7}',
        "READ_MESSAGE found no message 7",
        "Message 7 is gone; Jürgen is in your contacts.",
        "Then book me a flight.",
        "I cannot book flights with LIST_MESSAGES.",
    ):
        at = text.index(said, at) + len(said)
    for tool in TOOLS:
        assert tool["function"]["name"] in text


@EVERY
def test_arguments_are_objects_and_not_strings_of_json(template: Path) -> None:
    (row,) = rows("trl", record(messages=ONE_CALL))
    assert '"{\\"id\\"' not in rendered(template, row)


@EVERY
def test_a_conversation_without_calls_or_prompt_renders_too(template: Path) -> None:
    (row,) = rows("trl", record(messages=ABSTENTION), Options(system_prompt_dropout=1.0))
    text = rendered(template, row)
    assert text.index("Book me a flight.") < text.index("I have no tool for that.")


@EVERY
def test_parallel_calls_render_or_are_refused_by_the_model_itself(template: Path) -> None:
    (row,) = rows("trl", record())
    if template.stem == "llama3":
        with pytest.raises(TemplateError, match="one call at a time"):
            rendered(template, row)
        return
    text = rendered(template, row)
    assert text.index('{"folder": "Eingang"}') < text.index('"query": "Jürgen"')


@pytest.mark.parametrize("name", ["qwen3", "gpt_oss"])
def test_thoughts_in_their_own_field_reach_templates_that_know_it(name: str) -> None:
    (row,) = rows("trl", record(), Options(thoughts="reasoning_content"))
    text = rendered(Path(__file__).parent / "templates" / f"{name}.jinja", row)
    assert "No tool can do that." in text and "<analysis>" not in text


@EVERY
def test_rows_with_loss_mask_and_masked_names_render(template: Path) -> None:
    options = Options(mask_names=True, loss_mask=True, max_tools=3, thoughts="strip")
    (row,) = rows("trl", record(messages=ONE_CALL), options)
    text = rendered(template, row)
    assert "READ_MESSAGE" not in text and "func_" in text


def test_the_hermes_text_is_what_a_template_of_its_kind_would_render() -> None:
    (text_row,) = rows("hermes", record(messages=ABSTENTION))
    (row,) = rows("trl", record(messages=ABSTENTION))
    rendering = rendered(Path(__file__).parent / "templates" / "qwen3.jinja", row)
    turns = [text.split("<|im_end|>")[0] for text in rendering.split("<|im_start|>")[2:]]
    assert turns == [text.split("<|im_end|>")[0] for text in text_row["text"].split("<|im_start|>")[2:]]
