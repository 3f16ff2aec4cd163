"""What the rest of funcdex relies on: same tools, same bytes; servers can read it; faults have names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import xgrammar
from hypothesis import given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher
from strategies import tools

from funcdex.data import data_dir
from funcdex.errors import GrammarError, UnsupportedSchema
from funcdex.grammar.check import compile_locally, fault_at
from funcdex.grammar.conversation import json_grammar
from funcdex.grammar.examples import EXAMPLE_TOOLS, example_files, samples, write_examples
from funcdex.types.request import Dialect
from funcdex.types.tools import Tool
from grammar.grammar_matchers import DIALECTS, grammar_of

SHIPPED = sorted(path.stem for path in data_dir("tool_definitions").glob("*.json"))
TOOLKITS = [name for name in SHIPPED if name != "wanted_toolkits"]


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_the_order_of_the_tools_does_not_matter(data: st.DataObject) -> None:
    some = data.draw(tools())
    one, other = grammar_of(*some), grammar_of(*data.draw(st.permutations(some)))
    assert one.key == other.key
    for dialect in DIALECTS:
        assert one.render(dialect) == other.render(dialect)


def test_another_language_has_another_key() -> None:
    some = [
        grammar_of(*EXAMPLE_TOOLS),
        grammar_of(*EXAMPLE_TOOLS, level="names"),
        grammar_of(*EXAMPLE_TOOLS, thoughts=True),
        grammar_of(*EXAMPLE_TOOLS, turns=(1, 4)),
        grammar_of(EXAMPLE_TOOLS[0]),
        grammar_of(*EXAMPLE_TOOLS, calls="none"),
        grammar_of(*EXAMPLE_TOOLS, calls="required"),
        grammar_of(*EXAMPLE_TOOLS, must_call=["SEND_MAIL"]),
        grammar_of(*EXAMPLE_TOOLS, must_call=["LIST_MAIL"]),
        grammar_of(*EXAMPLE_TOOLS, error_responses="allowed"),
        grammar_of(*EXAMPLE_TOOLS, error_responses="required"),
        grammar_of(*EXAMPLE_TOOLS, opening="Hi"),
    ]
    assert len({grammar.key for grammar in some}) == len(some)


def test_another_process_makes_the_same_key_and_loads_no_engine_for_it() -> None:
    program = (
        "import sys; from funcdex.grammar import check, conversation;"
        "assert not {'llguidance', 'xgrammar'} & set(sys.modules);"
        "sys.stdout.write(conversation.json_grammar({'enum': ['a', 'b']}).key)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == json_grammar({"enum": ["a", "b"]}).key


def test_turn_bounds_that_make_no_sense_are_refused() -> None:
    for turns in ((0, 3), (3, 2)):
        with pytest.raises(GrammarError, match="min_user_turns"):
            grammar_of(*EXAMPLE_TOOLS, turns=turns)


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(GrammarError, match="mail/SEND_MAIL and other/SEND_MAIL"):
        grammar_of(EXAMPLE_TOOLS[0], Tool("other", "SEND_MAIL", ""))


def test_relaxations_and_faults_name_the_tool_and_the_path() -> None:
    parameters = {
        "type": "object",
        "properties": {"to": {"type": "string", "maxLength": 5}},
        "required": ["to"],
    }
    (lost,) = grammar_of(Tool("mail", "SEND", "", parameters)).relaxed
    assert (lost.path, lost.keyword) == ("mail/SEND parameters: $.properties.to", "maxLength")
    broken = {"type": "object", "properties": {"to": False}, "required": ["to"]}
    with pytest.raises(UnsupportedSchema, match=r"response of tool mail/SEND, \$\.properties\.to"):
        grammar_of(Tool("mail", "SEND", "", parameters, broken))


def test_a_malformed_grammar_is_named_before_a_server_sees_it() -> None:
    @dataclass(frozen=True)
    class Broken:
        key: str = "broken"

        def render(self, dialect: Dialect) -> str:
            return 'start: "a" nowhere\n'

        def is_rendered(self, dialect: Dialect) -> bool:
            return True

    with pytest.raises(GrammarError, match="nowhere"):
        compile_locally(Broken())


def test_a_fault_is_found_where_it_is() -> None:
    grammar = json_grammar({"properties": {"é😀": {"type": "integer"}}})
    assert fault_at(grammar, '{"é😀": 12}') is None
    assert fault_at(grammar, '{"é😀": x}') == 7
    assert fault_at(grammar, '{"é😀": 12') == 9
    assert fault_at(grammar, '{"é😀": 12} ') == 10
    assert fault_at(grammar, "") == 0
    # The second character shares its first bytes with the right one.
    assert fault_at(grammar, '{"é😁": 12}') == 3


@pytest.mark.parametrize("toolkit", TOOLKITS)
def test_shipped_tools_compile_in_every_dialect(toolkit: str) -> None:
    found = json.loads((data_dir("tool_definitions") / f"{toolkit}.json").read_text(encoding="utf-8"))
    grammar = grammar_of(
        *(Tool(toolkit, **tool) for tool in found["tools"]), parallel_calls=True, thoughts=True
    )
    compile_locally(grammar)
    xgrammar.Grammar.from_lark(grammar.render("lark"))
    xgrammar.Grammar.from_structural_tag(grammar.render("structural_tag"))
    xgrammar.Grammar.from_ebnf(grammar.render("ebnf"))
    xgrammar.Grammar.from_ebnf(grammar.render("gbnf"))
    assert {lost.keyword for lost in grammar.relaxed} <= {"format", "maxItems", "minimum", "maximum"}


def test_all_twenty_toolkits_are_there() -> None:
    assert len(TOOLKITS) == 20


@pytest.mark.parametrize("name", samples("lark"))
def test_samples_look_like_their_dialect(name: str) -> None:
    lark, ebnf, gbnf = (samples(dialect)[name] for dialect in ("lark", "ebnf", "gbnf"))
    # vLLM tells Lark from the others by this sign alone, also inside a literal.
    assert "::=" not in lark
    # Names as llama.cpp wants them, and no lookahead, which it does not read.
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", rule) for rule in bnf_rules(gbnf))
    assert " (= " not in gbnf and " (= " in ebnf
    bnf_rules(ebnf)
    tag = json.loads(samples("structural_tag")[name])
    assert tag == {"type": "structural_tag", "format": {"type": "grammar", "grammar": ebnf}}


def bnf_rules(text: str) -> list[str]:
    """The names of the rules: each on a line of its own, the root first, none twice."""
    names = re.findall(r"(?m)^(\S+) ::= ", text)
    assert names[0] == "root" and len(set(names)) == len(text.splitlines())
    return names


def test_the_files_in_grammars_are_current() -> None:
    stored = {path.name: path.read_text(encoding="utf-8") for path in data_dir("grammars").iterdir()}
    assert stored == example_files(), "run: python -m funcdex.grammar.examples"


@pytest.mark.parametrize("name", [name for name in example_files() if name.endswith((".lark", ".gbnf"))])
def test_the_files_in_grammars_can_be_read_with_their_comments(name: str) -> None:
    text = example_files()[name]
    assert text.startswith(("// ", "# "))
    if name.endswith(".lark"):
        assert not LLMatcher.validate_grammar(LLMatcher.grammar_from_lark(text))
        xgrammar.Grammar.from_lark(text)
    else:
        xgrammar.Grammar.from_ebnf(text)


def test_writing_the_examples_writes_all_of_them(tmp_path: Path) -> None:
    write_examples(tmp_path)
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == example_files()
