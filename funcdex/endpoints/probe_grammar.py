"""What an endpoint is asked to say in order to show that it enforces a grammar.

    qv7-maple-0413
    qv7-maple-0413 "hi".
    qv7-maple-0413 "a\\n" "b".

No model greets with that. The strings behind the odd word are there for what our grammars are made of
(negated classes, escapes, counted repetitions, a terminal in Lark, a lookahead in EBNF): a server whose
reader lacks one of them must not pass. They are short, so a model that chatters ends soon.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from funcdex.types.request import Dialect

ODD_WORD = "qv7-maple-0413"

_STRING = r'"([^"\\\x00-\x1f]|\\["\\\/bfnrt]){0,8}"'
_LANGUAGE = re.compile(rf"{ODD_WORD}(( {_STRING}){{1,2}}\.)?", re.DOTALL)

_LARK = rf"""start: "{ODD_WORD}" tail?
tail: (" " STRING){{1,2}} "."
STRING: /{_STRING}/
"""
_GBNF = rf"""root ::= "{ODD_WORD}" tail?
tail ::= (" " SHORT-string){{1,2}} "."
SHORT-string ::= "\"" ([^"\\\x00-\x1f] | "\\" ["\\/bfnrt]){{0,8}} "\""
"""
# As GBNF, and a string tells what may follow it.
_EBNF = _GBNF.removesuffix("\n") + " (= [ .])\n"


_STRUCTURAL_TAG = json.dumps(
    {"type": "structural_tag", "format": {"type": "grammar", "grammar": _EBNF}}, ensure_ascii=False
)

_TEXTS: dict[Dialect, str] = {
    "lark": _LARK,
    "structural_tag": _STRUCTURAL_TAG,
    "ebnf": _EBNF,
    "gbnf": _GBNF,
}


@dataclass(frozen=True, slots=True)
class ProbeGrammar:
    """The same language in every dialect."""

    key: str = ODD_WORD

    def render(self, dialect: Dialect) -> str:
        """Its text; a structural tag as the JSON text of the whole tag."""
        return _TEXTS[dialect]

    def is_rendered(self, dialect: Dialect) -> bool:
        """It always is."""
        return True

    def allows(self, text: str) -> bool:
        """Whether the text, whole, is in the language."""
        return _LANGUAGE.fullmatch(text) is not None
