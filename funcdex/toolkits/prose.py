"""Descriptions as a reader of plain text wants them: no markup, one line, not too long."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Any

# Only tags that HTML has: `projects/<name>` is no markup. Those inside a line part no words.
_INSIDE_A_LINE = re.compile(
    r"</?(?:a|abbr|b|code|em|font|i|kbd|s|samp|small|span|strong|sub|sup|tt|u|var)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_OF_A_BLOCK = re.compile(
    r"</?(?:blockquote|br|caption|center|col|colgroup|dd|del|details|div|dl|dt|h[1-6]|hr|img|li|ol|p|pre|section"
    r"|summary|table|tbody|td|tfoot|th|thead|tr|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
# One that is not closed goes on to the end: looking for its end from each start would take the square.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)")
_MARKS = re.compile(r"(?m)^[^\S\n]{0,3}#{1,6}\s+|\*\*|^[^\S\n]*```\w*[^\S\n]*$")

# Far more than is ever shown; some documents carry whole manuals.
_MOST_READ = 20_000


def plain(text: str) -> str:
    """`text` without HTML tags, links and other marks, white space made single blanks."""
    return _plain(text[:_MOST_READ])


@lru_cache(maxsize=8192)
def _plain(text: str) -> str:
    text = _INSIDE_A_LINE.sub("", _OF_A_BLOCK.sub(" ", _COMMENT.sub(" ", text)))
    return " ".join(html.unescape(_MARKS.sub("", _LINK.sub(r"\1", text))).split())


def shortened(text: str, longest: int) -> str:
    """`text`, or its start up to the end of a sentence or else of a word, at most `longest` characters."""
    if len(text) <= longest:
        return text
    start = text[: longest - 1]
    sentence = start.rfind(". ")
    if sentence >= longest // 2:
        return start[: sentence + 1]
    return start.rpartition(" ")[0].rstrip(" ,;:(") + "…" if " " in start else start + "…"


def description_of(data: Any, longest: int) -> str:
    """The cleaned `description` of an OpenAPI object, else its `summary` or `title`; "" if it has none."""
    if not isinstance(data, dict):
        return ""
    for key in ("description", "summary", "title"):
        text = data.get(key)
        if isinstance(text, str) and (cleaned := plain(text)):
            return shortened(cleaned, longest)
    return ""
