"""ChatML text in the manner of Hermes: tools in `<tools>`, calls in `<tool_call>`, responses in
`<tool_response>`. The text is ready to be tokenized; no chat template is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from funcdex.export.chat import lineage, spoken, thinking
from funcdex.export.formats.protocol import Format, Placed
from funcdex.export.jsontext import as_json, tool_text
from funcdex.export.options import Options
from funcdex.export.sample import Message, Sample

_RULES = """You can call functions to help the user. Their signatures are between <tools></tools>:
<tools>
{tools}
</tools>
For each call, write a JSON object with the function's name and its arguments between <tool_call></tool_call>:
<tool_call>
{{"name": "...", "arguments": {{}}}}
</tool_call>"""

_Piece = tuple[str, str, bool]
"""Role, text, and whether it is to be learnt."""


def _rows(sample: Sample, options: Options) -> Iterator[Placed]:
    text, spans = "", []
    parts: list[str] = []
    length = 0
    for role, said, trained in _pieces(sample, options):
        head, body = f"<|im_start|>{role}\n", f"{said}<|im_end|>\n"
        if trained:
            spans.append([length + len(head), length + len(head) + len(body) - 1])
        parts += head, body
        length += len(head) + len(body)
    text = "".join(parts)
    row: dict[str, Any] = {**lineage(sample), "text": text}
    if options.loss_mask:
        row["trained_spans"] = spans
    yield "", row


def _pieces(sample: Sample, options: Options) -> Iterator[_Piece]:
    if system := _system(sample):
        yield "system", system, False
    responses: list[str] = []
    for message in sample.messages:
        if message.role == "tool":
            responses.append(_response(message))
            continue
        if responses:
            yield "tool", "\n".join(responses), False
            responses = []
        if message.role == "user":
            yield "user", message.text, False
        else:
            yield "assistant", _said(message, options), message.trained
    if responses:
        yield "tool", "\n".join(responses), False


def _system(sample: Sample) -> str:
    parts = [] if sample.system is None else [sample.system]
    if sample.tools:
        parts.append(_RULES.format(tools="\n".join(map(tool_text, sample.tools))))
    return "\n\n".join(parts)


def _said(message: Message, options: Options) -> str:
    if options.thoughts == "reasoning_content":
        text = thinking(message, options) + message.text
    else:
        text = spoken(message, options)
    calls = (as_json({"name": call.name, "arguments": call.values}) for call in message.calls)
    return "\n".join(
        [*([text.rstrip()] if text else []), *(f"<tool_call>\n{one}\n</tool_call>" for one in calls)]
    )


def _response(message: Message) -> str:
    content = f'{{"name": {as_json(message.name)}, "content": {_json_text(message.text)}}}'
    return f"<tool_response>\n{content}\n</tool_response>"


def _json_text(text: str) -> str:
    """The text as it stands if it looks like JSON, else as a JSON string."""
    return text if text[:1] in ("{", "[") else as_json(text)


FORMAT = Format(
    name="hermes",
    says="ChatML text with <tool_call> and <tool_response>, in the manner of Hermes",
    rows=_rows,
)
