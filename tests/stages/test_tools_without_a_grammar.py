"""What makes no grammar is found before a server could be asked, named, and left out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from funcdex.errors import GrammarError, ToolDefinitionError, UnsupportedSchema
from funcdex.settings.tree import Settings
from funcdex.stages.grammars import Grammars
from funcdex.stages.local_compile import LocalCompiler
from funcdex.stages.tool_check import CheckedTools, check_tools
from funcdex.stages.tool_sets import plan_tool_sets
from funcdex.types.tools import Bundle, Tool, Toolkit

STRING = {"type": "string"}


def an_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def chain(length: int) -> str:
    """A grammar whose rules lead to one another."""
    rules = "".join(f'r{i}: "a{i}" r{i + 1} | "b"\n' for i in range(length))
    return f'start: r0\n{rules}r{length}: "c"\n'


def deep(levels: int, width: int) -> dict[str, Any]:
    """Optional properties, the last of which holds as many, and so on."""
    schema: dict[str, Any] = STRING
    for level in range(levels):
        schema = an_object(**{f"p{level}_{n}": STRING for n in range(width)}, **{f"inner{level}": schema})
    return schema


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = STRING
    for _ in range(levels):
        schema = an_object(a=schema)
    return schema


@pytest.fixture
async def compiler() -> AsyncIterator[LocalCompiler]:
    async with LocalCompiler() as running:
        yield running


async def checked(
    compiler: LocalCompiler, *tools: Tool, most: int | None = 64, **grammar: Any
) -> CheckedTools:
    chosen = Settings.model_validate({"grammar": {"max_tool_sets": most, **grammar}})
    sets = plan_tool_sets(chosen, [Bundle((Toolkit("kit", "", tools),))])
    return await check_tools(sets, Grammars(chosen.generation, chosen.grammar, compiler.fault_of))


async def test_what_ends_the_compiler_is_a_fault_of_the_grammar_and_the_next_one_is_read(
    compiler: LocalCompiler,
) -> None:
    assert await compiler.fault_of('start: "a"\n') is None
    assert "nowhere" in (await compiler.fault_of('start: "a" nowhere\n') or "")
    assert "SIGSEGV" in (await compiler.fault_of(chain(20_000)) or "")
    assert await compiler.fault_of(chain(100)) is None


async def test_a_compile_that_takes_too_long_is_stopped() -> None:
    slow = "start: " + " | ".join(f'"value number {n}"' for n in range(400_000)) + "\n"
    async with LocalCompiler(limit_s=3) as compiler:
        assert await compiler.fault_of(slow) == "compiling it takes longer than 3 s"
        assert await compiler.fault_of('start: "a"\n') is None


async def test_a_question_that_is_given_up_leaves_no_answer_to_the_next(compiler: LocalCompiler) -> None:
    assert await compiler.fault_of('start: "a"\n') is None
    with anyio.CancelScope() as scope:
        scope.cancel()
        await compiler.fault_of('start: "a" nowhere\n')
    assert await compiler.fault_of('start: "a"\n') is None


async def test_a_compiler_that_somebody_kills_is_no_fault_of_the_grammar(compiler: LocalCompiler) -> None:
    assert await compiler.fault_of('start: "a"\n') is None
    process = compiler._process
    assert process is not None
    process.kill()
    assert await compiler.fault_of('start: "b"\n') is None


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        (an_object(a={"enum": [f"value {n}" for n in range(100_000)]}), "$.properties.a.enum"),
        (an_object(a=an_object(**{f"p{n}": STRING for n in range(5000)})), "$.properties.a"),
        (an_object(a=STRING, b={"const": "x" * 1_000_000}), "$.properties.b"),
        (an_object(a={"type": "array", "items": an_object(b={"const": "x" * 10**6})}), "items.properties.b"),
        (an_object(a={"const": list(range(60_000))}), "$.properties.a.const"),
        (an_object(a=STRING, b=an_object(c=STRING, d=deep(10, 150))), "$.properties.b.properties.d"),
        ({"properties": {"a": False}, "required": ["a"]}, "$.properties.a"),
    ],
    ids=["enum", "properties", "const", "in items", "list", "deep", "impossible"],
)
async def test_a_hostile_schema_is_refused_with_its_place(
    compiler: LocalCompiler, schema: dict[str, Any], path: str
) -> None:
    bad = Tool("kit", "BAD", "", an_object(ok=STRING), schema)
    found = await checked(compiler, Tool("kit", "GOOD", "", an_object(a=STRING)), bad)
    assert {tool.name for tools in found.tool_sets.planned() for tool in tools} == {"GOOD"}
    (note,) = found.notes
    assert "kit/BAD" in note and "response" in note and path in note and len(note) < 400


@pytest.mark.parametrize(
    "schema",
    [nested(500), an_object(a={"type": "string", "pattern": "^(([a-z]{1,100}){1,100}){1,100}$"})],
    ids=["500 levels", "pattern"],
)
async def test_a_schema_that_a_grammar_can_loosen_is_loosened(
    compiler: LocalCompiler, schema: dict[str, Any]
) -> None:
    found = await checked(compiler, Tool("kit", "ODD", "", schema))
    assert {tool.name for tools in found.tool_sets.planned() for tool in tools} == {"ODD"}


async def test_without_planned_sets_tools_are_looked_at_all_the_same(compiler: LocalCompiler) -> None:
    bad = Tool("kit", "BAD", "", an_object(a={"const": "x" * 1_000_000}))
    good = [Tool("kit", f"GOOD_{n}", "", an_object(a=STRING)) for n in range(50)]
    found = await checked(compiler, *good[:30], bad, *good[30:], most=None)
    assert len(found.notes) == 1
    assert sum(map(len, found.tool_sets.largest())) == 50


async def test_a_bundle_without_a_usable_tool_is_refused(compiler: LocalCompiler) -> None:
    bad = Tool("kit", "BAD", "", an_object(a={"const": "x" * 1_000_000}))
    with pytest.raises(ToolDefinitionError, match=r"no tool of kit can be shown.*kit/BAD, parameters: \$\."):
        await checked(compiler, bad)


async def test_a_toolkit_without_tools_is_refused(compiler: LocalCompiler) -> None:
    for most in (64, None):
        with pytest.raises(ToolDefinitionError, match="no tool of kit can be shown: there is none"):
            await checked(compiler, most=most)


async def test_tools_that_are_too_large_only_together_are_said_to_be(compiler: LocalCompiler) -> None:
    large = [Tool("kit", f"T{n}", "", an_object(a={"const": f"{n}" * 20_000})) for n in range(10)]
    with pytest.raises(GrammarError, match=r"10 tools together.*grammar\.max_bytes"):
        await checked(compiler, *large, max_bytes=100_000)


async def test_what_a_grammar_cannot_enforce_is_told_once_or_refused(compiler: LocalCompiler) -> None:
    loose = Tool("kit", "LOOSE", "", an_object(to={"type": "array", "uniqueItems": True}))
    found = await checked(compiler, loose, Tool("kit", "STRICT", "", an_object(a=STRING)))
    assert [lost.keyword for lost in found.relaxed] == ["uniqueItems"]
    assert [note for note in found.notes if "uniqueItems (1)" in note] == list(found.notes)
    with pytest.raises(UnsupportedSchema, match=r"kit/LOOSE parameters: \$\.properties\.to uses 'uniq"):
        await checked(compiler, loose, unsupported="refuse")


async def test_hundreds_who_ask_for_one_grammar_wait_for_one_compile(compiler: LocalCompiler) -> None:
    asked: list[str] = []

    async def counted(lark: str) -> str | None:
        asked.append(lark)
        return await compiler.fault_of(lark)

    made = Grammars(Settings().generation, Settings().grammar, counted)
    tool, keys = Tool("kit", "ONE", "", an_object(a=STRING)), set[str]()

    async def ask() -> None:
        keys.add((await made.of_tools([tool])).key)

    async with anyio.create_task_group() as tasks:
        for _ in range(200):
            tasks.start_soon(ask)
    assert len(keys) == len(asked) == 1
