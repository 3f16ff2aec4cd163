"""Collects the rules of a tree while it is built: names stay unique, equal bodies become one rule."""

from __future__ import annotations

import re

from funcdex.grammar.ir import Node, Reference, Tree, walk

_ROOT_NAMES = frozenset({"root", "start"})


class RuleBook:
    """Rules by name, in the order of `add`."""

    def __init__(self) -> None:
        self._rules: dict[str, Node] = {}
        self._names: dict[Node, str] = {}

    def add(self, hint: str, body: Node) -> Reference:
        """A reference to a rule with this body. A new rule gets a name like `hint`."""
        name = self._names.get(body)
        if name is None:
            name = self.reserve(hint)
            self.define(name, body)
            self._names[body] = name
        return Reference(name)

    def reserve(self, hint: str) -> str:
        """A name to refer to before its rule is there (recursion); `define` it later."""
        plain = re.sub(r"[^a-z0-9]+", "-", hint.lower()).strip("-") or "rule"
        # A digit in front or a reserved word would not be a name in every notation.
        plain = plain if plain[0].isalpha() else f"r-{plain}"
        name, count = plain, 1
        while name in self._rules or name in _ROOT_NAMES:
            count += 1
            name = f"{plain}-{count}"
        self._rules[name] = Reference(name)
        return name

    def define(self, name: str, body: Node) -> None:
        """Gives a reserved name its body."""
        self._rules[name] = body

    def tree(self, root: Node) -> Tree:
        """The tree with this root; the root stands first, and rules that it does not lead to are left out."""
        used: set[str] = set()
        waiting = [root]
        while waiting:
            names = {node.rule for node in walk(waiting.pop()) if isinstance(node, Reference)} - used
            used |= names
            waiting.extend(self._rules[name] for name in names)
        return Tree(
            "root", {"root": root, **{name: self._rules[name] for name in self._rules if name in used}}
        )
