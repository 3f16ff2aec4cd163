"""What is written is read back as it was."""

from __future__ import annotations

import json
import re
from itertools import cycle

from hypothesis import given
from hypothesis import strategies as st
from strategies import ODD_PIECES, TAGS, conversations, texts

from funcdex.dml.parser import parse
from funcdex.dml.text import escape, unescape
from funcdex.dml.writer import write
from funcdex.types.conversation import AssistantMessage, Conversation, Step, ToolCall, Turn

EVERY_SHAPE = Conversation(
    (
        Turn(
            "Is a < b & </user> real?",
            (
                AssistantMessage(
                    "Let me see.",
                    (
                        Step((ToolCall("A", {"x": "</tool>"}),), ({"ok": True},)),
                        Step((ToolCall("B", {}), ToolCall("C", {"n": 1.5})), ([1], None)),
                    ),
                    "I need A <",
                ),
                AssistantMessage("", (Step((ToolCall("A", {}),), ("<tool>",)),), "Once more."),
                AssistantMessage("Yes.", (), "Done."),
            ),
        ),
        Turn("Thanks", (AssistantMessage("", (Step((ToolCall("D", {}),), ({},)),)), AssistantMessage("<"))),
    )
)
EVERY_SHAPE_WRITTEN = """\
</user>
Is a < b & &lt;/user> real?
<assistant_thought>I need A &lt;</assistant_thought>
</assistant>
Let me see.
<tool>{"name": "A", "arguments": {"x": "</tool>"}}</tool>
<tool_response>{"ok": true}</tool_response>
<tool>{"name": "B", "arguments": {}}</tool>
<tool>{"name": "C", "arguments": {"n": 1.5}}</tool>
<tool_response>[1]</tool_response>
<tool_response>null</tool_response>
<assistant_thought>Once more.</assistant_thought>
</assistant>
<tool>{"name": "A", "arguments": {}}</tool>
<tool_response>"<tool>"</tool_response>
<assistant_thought>Done.</assistant_thought>
</assistant>
Yes.
</user>
Thanks
</assistant>
<tool>{"name": "D", "arguments": {}}</tool>
<tool_response>{}</tool_response>
</assistant>
&lt;"""


def test_the_written_form_of_every_shape() -> None:
    assert write(EVERY_SHAPE) == EVERY_SHAPE_WRITTEN
    assert parse(EVERY_SHAPE_WRITTEN) == EVERY_SHAPE


@given(conversations())
def test_what_is_written_is_parsed_to_the_same(conversation: Conversation) -> None:
    written = write(conversation)
    assert parse(written) == conversation
    # Equality takes 1, 1.0 and True for the same; their texts differ.
    assert write(parse(written)) == written


MARKS = re.compile("|".join(TAGS))
JSON_SPANS = re.compile(r"(?<=^<tool>).*(?=</tool>$)|(?<=^<tool_response>).*(?=</tool_response>$)", re.M)


@given(conversations(), st.lists(st.text(" \t\r\n", max_size=3), min_size=1, max_size=5))
def test_white_space_between_pieces_means_nothing(conversation: Conversation, spaces: list[str]) -> None:
    written = write(conversation)
    in_json = {place for span in JSON_SPANS.finditer(written) for place in range(*span.span())}
    more = cycle(spaces)

    def spaced(mark: re.Match[str]) -> str:
        return mark.group() if mark.start() in in_json else next(more) + mark.group() + next(more)

    assert parse(MARKS.sub(spaced, written)) == conversation


@given(texts())
def test_an_escaped_text_holds_nothing_like_a_tag_and_can_be_undone(text: str) -> None:
    escaped = escape(text)
    assert unescape(escaped) == text
    assert not re.search(r"<+([/ta]|\Z)", escaped)


def test_only_what_could_be_taken_for_markup_is_escaped() -> None:
    plain = 'R&D, 3 < 5 <b>bold?</ b> "x<y" &lt &gt; <= <?\n<b> <\n'
    assert escape(plain.replace("</ b>", "< /b>")) == plain.replace("</ b>", "< /b>")
    assert escape("<<a") == "&lt;&lt;a"
    assert escape("a <<< b") == "a &lt;&lt;< b"
    assert escape("<b>5\n<\t\n<5") == "&lt;b>5\n&lt;\t\n<5"
    assert escape("&lt;") == "&amp;lt;"
    assert escape("&&amp;lt;") == "&&amp;amp;lt;"


def test_a_text_in_html_that_a_model_wrote_loses_only_the_two_escapes() -> None:
    assert unescape("1 &lt; 2 &gt; 0 &amp; &quot;") == "1 < 2 &gt; 0 & &quot;"


@given(st.lists(st.sampled_from(ODD_PIECES), max_size=5).map("".join))
def test_json_may_hold_any_text(inner: str) -> None:
    call = ToolCall("A", {inner: inner})
    turn = Turn("Go", (AssistantMessage("", (Step((call,), (inner,)),)), AssistantMessage("Done")))
    conversation = Conversation((turn,))
    assert parse(write(conversation)) == conversation


def test_json_may_be_spread_over_lines_and_keys_stand_in_any_order() -> None:
    call = json.dumps({"arguments": {"a": [1, {"b": None}]}, "name": "A"}, indent=2)
    answer = "<tool_response> 3 </tool_response>"
    text = f"</user>\nGo\n</assistant>\n<tool>\n{call}\n</tool>{answer}</assistant>Done"
    assert parse(text).calls == (ToolCall("A", {"a": [1, {"b": None}]}),)


def test_unicode_white_space_around_a_text_is_dropped_like_any_other() -> None:
    assert parse("</user>\u00a0Hi\u2028</assistant>\x1cHo").turns[0].user == "Hi"
