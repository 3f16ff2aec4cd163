"""The one string that an assistant message has in the chat format: text alone, or thought and text.

    text alone          text
    thought and text    <analysis>thought</analysis>
                        <final>text</final>

So that each string can be read in one way only, a text alone that begins like one of these tags is put
into `<final>` too, and `</analysis>` inside a thought is written `&lt;/analysis>`.
"""

from __future__ import annotations

import re

from funcdex.types.conversation import AssistantMessage

_BETWEEN = "</analysis>\n<final>"
_END = "</final>"
_TO_ESCAPE = re.compile(r"<(?=/analysis>)|&(?=(?:amp;)*lt;/analysis>)")
_ESCAPED = re.compile(r"&lt;(?=/analysis>)|&amp;(?=(?:amp;)*lt;/analysis>)")


def content_of(message: AssistantMessage) -> str | None:
    """The content of the message; None if it says and thinks nothing."""
    return content_of_parts(message.thought, message.text)


def content_of_parts(thought: str | None, text: str) -> str | None:
    """The content that says the text after the thought, if there is one."""
    if thought is not None:
        thought = _TO_ESCAPE.sub(lambda found: "&lt;" if found.group() == "<" else "&amp;", thought)
        return f"<analysis>{thought}{_BETWEEN}{text}{_END}"
    if text.startswith(("<analysis>", "<final>")):
        return f"<final>{text}{_END}"
    return text or None


def thought_and_text(content: str) -> tuple[str | None, str]:
    """The inverse of `content_of`, and both parts without white space around them.

    Raises ValueError for a content that begins with one of the tags and does not go on as it should.
    """
    content = content.strip()
    if content.startswith("<analysis>"):
        thought, between, rest = content.removeprefix("<analysis>").partition(_BETWEEN)
        if not between or not rest.endswith(_END):
            raise ValueError("<analysis> is not followed by </analysis>, a line break and <final>...</final>")
        unescaped = _ESCAPED.sub(lambda found: "<" if found.group() == "&lt;" else "&", thought)
        return unescaped.strip(), rest.removesuffix(_END).strip()
    if content.startswith("<final>"):
        if not content.endswith(_END):
            raise ValueError("<final> is not closed at the end")
        return None, content.removeprefix("<final>").removesuffix(_END).strip()
    return None, content
