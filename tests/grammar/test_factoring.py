"""GBNF's alternatives share their beginnings: llama.cpp follows each one by itself."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from funcdex.data import data_dir
from funcdex.grammar.conversation import json_grammar
from funcdex.grammar.dialects.factoring import factored
from funcdex.grammar.ir import Choice, Literal, Reference, Sequence, Tree, choice, sequence, walk
from funcdex.types.tools import JsonSchema, Tool
from grammar.grammar_matchers import all_accept, all_refuse, grammar_of


def beginnings(option: object) -> str:
    head = option.parts[0] if isinstance(option, Sequence) else option
    return head.text[:1] if isinstance(head, Literal) else ""


def shared_beginnings(tree: Tree) -> list[Choice]:
    """The choices of which two options begin with the same character."""
    choices = (node for body in tree.rules.values() for node in walk(body) if isinstance(node, Choice))
    return [
        each
        for each in choices
        if any(first and count > 1 for first, count in Counter(map(beginnings, each.options)).items())
    ]


def test_names_of_tools_are_written_as_far_as_they_are_alike_once() -> None:
    tree = Tree("root", {"root": choice(*map(Literal, ("GET_USER", "GET_FILE", "LIST", "GET_FILES")))})
    files = sequence(Literal("FILE"), choice(Literal(""), Literal("S")))
    get = sequence(Literal("GET_"), choice(Literal("USER"), files))
    assert factored(tree).rules == {"root": choice(get, Literal("LIST"))}


@pytest.mark.parametrize("toolkit", ["gmail", "jira", "todoist"])
def test_no_two_alternatives_of_shipped_tools_begin_alike(toolkit: str) -> None:
    found = json.loads((data_dir("tool_definitions") / f"{toolkit}.json").read_text("utf-8"))["tools"]
    tree = grammar_of(*(Tool(toolkit, **tool) for tool in found)).tree
    assert shared_beginnings(tree)
    assert not shared_beginnings(factored(tree))


def test_rules_that_begin_alike_without_end_are_written_out_once() -> None:
    def nested(last: str) -> JsonSchema:
        link = {"a": {"anyOf": [{"$ref": f"#/$defs/{last}"}, {"type": "null"}]}, last: {"type": "null"}}
        return {"type": "object", "properties": link, "required": ["a", last]}

    both = {"anyOf": [{"$ref": "#/$defs/x"}, {"$ref": "#/$defs/y"}]}
    grammar = json_grammar({**both, "$defs": {"x": nested("x"), "y": nested("y")}})
    assert all_accept(grammar, '{"a": {"a": null, "y": null}, "y": null}')
    assert all_refuse(grammar, '{"a": {"a": null, "y": null}, "x": null}')


def test_optional_keys_stay_linear_in_their_number() -> None:
    def size(keys: int) -> int:
        properties: JsonSchema = {f"key_{n:03}": {"type": "string"} for n in range(keys)}
        return len(json_grammar({"type": "object", "properties": properties}).render("gbnf"))

    assert size(80) < 2.5 * size(40)


def test_an_alternative_that_is_the_beginning_of_another_stays_one() -> None:
    rules = {
        "root": choice(Literal("a"), Reference("more")),
        "more": sequence(Literal("ab"), Reference("end")),
    }
    tree = factored(Tree("root", rules | {"end": Literal("c")}))
    assert tree.rules["root"] == sequence(Literal("a"), Reference("root-more"))
    assert tree.rules["root-more"] == choice(Literal(""), sequence(Literal("b"), Reference("end")))
