"""A tree with its renderings: what the rest of funcdex calls a grammar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from funcdex.grammar.dialects.ebnf import render_ebnf
from funcdex.grammar.dialects.gbnf import render_gbnf
from funcdex.grammar.dialects.lark import render_lark
from funcdex.grammar.dialects.structural_tag import render_structural_tag
from funcdex.grammar.ir import Tree
from funcdex.grammar.json_schema import Relaxation
from funcdex.types.request import Dialect

_RENDER: dict[Dialect, Callable[[Tree], str]] = {
    "lark": render_lark,
    "structural_tag": render_structural_tag,
    "ebnf": render_ebnf,
    "gbnf": render_gbnf,
}


@dataclass(frozen=True, slots=True)
class TreeGrammar:
    """A grammar as requests carry it (`types.request.Grammar`).

    `relaxed` lists the schema keywords that it does not enforce; their paths begin with the tool's name
    where it belongs to tools.
    """

    tree: Tree
    relaxed: tuple[Relaxation, ...] = ()
    _texts: dict[Dialect, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    _key: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_key", self.tree.digest())

    @property
    def key(self) -> str:
        """16 hexadecimal digits; the same for the same tree in every process."""
        return self._key

    def render(self, dialect: Dialect) -> str:
        """The text in one notation, made at the first call."""
        if dialect not in self._texts:
            self._texts[dialect] = _RENDER[dialect](self.tree)
        return self._texts[dialect]

    def is_rendered(self, dialect: Dialect) -> bool:
        """Whether `render` has made that text."""
        return dialect in self._texts
