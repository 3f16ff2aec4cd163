"""What our grammars cost an engine: time to fill the mask of each token along a conversation in the grammar.

    python bench/grammar_mask.py [--ranks o200k_base.js] [--experiments]

The vocabulary is gpt-oss's, o200k_base, from the npm package js-tiktoken, fetched once into .bench/ with npm.
A line for each grammar and engine, in CPU milliseconds on one core: compile (an engine's first grammar, best
of three, then one of other tools), and the masks: mean, median, 99th percentile, means of the first and the
last quarter. Then what was to be reached and what was. `--experiments` adds other forms of the text regions,
and levels and options: docs/decisions/0003-grammar-shape.md.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from funcdex.data import data_dir
from funcdex.grammar.conversation import conversation_grammar
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.grammar_cost.engines import EngineName, Source, make_engine, tokenizer_of
from funcdex.grammar_cost.measure import Measurement, measure
from funcdex.grammar_cost.measure import Path as TokenPath
from funcdex.grammar_cost.report import path_along
from funcdex.grammar_cost.source import as_lark, read_rules, source_of
from funcdex.grammar_cost.talk import TalkForm, conversation_text
from funcdex.grammar_cost.vocabulary import Vocabulary, read_vocabulary
from funcdex.types.level import Level
from funcdex.types.request import Dialect
from funcdex.types.tools import Tool

JS_TIKTOKEN = "js-tiktoken@1.0.21"
TURNS = 8
TOKENS = 4000
LIMIT_S = 20.0
WALKS = 3
ENGINES: tuple[EngineName, ...] = ("xgrammar", "llguidance")
PREDECESSOR = Path(__file__).parent / "grammars" / "predecessor_style.gbnf"

FIRST = r"[^\t-\r\u001c- \u0085\u00a0\u1680\u2000-\u200a\u2028-\u2029\u202f\u205f\u3000<]"
NO_TAG, VISIBLE = r"[^\/<at]", r"[!-.0-;=-`b-su-~]"
TWICE = "|".join(breaks + less + x for breaks in ("", r"\n", r"\n\n") for less, x in
                 (("", r"[^\n<]"), ("<", NO_TAG), ("<<", NO_TAG)))  # fmt: skip
# What a text region may hold, as a regular expression, in place of ours.
TEXTS = {
    "no <": r"[^<]+",
    "breaks without bound": rf"[^ \n<]([^<]|<{NO_TAG})*",
    "<+ inside the loop": rf"[^ \n<]([^<]|<+{NO_TAG})*",
    "up to 3 white, loose": rf"[^ \n<]([ \n]{{0,3}}[^ \n<]|<{NO_TAG})*",
    "tags at 2nd letter": r"[^ \n<]([^<]|<([^\/ta]|\/[^<ua]))*",
    "up to 2 <, at the start too": "|".join(
        f"{first}({TWICE})*@" for first in (FIRST, "<" + NO_TAG, "<<" + NO_TAG)
    ),
    "any < after a break": rf"{FIRST}([^\n<]|<{NO_TAG}|\n[^\n<]|\n<{NO_TAG}|\n\n[^\n<]|\n\n<{NO_TAG})*",
    "one letter after breaks": rf"{FIRST}([^\n<]|<{NO_TAG}|\n[^\n<]|\n<{VISIBLE}|\n\n[^\n<]|\n\n<{VISIBLE})*",
    "breaks behind": rf"{FIRST}\n{{0,2}}(([^\n<]|<[^\n\/<at])\n{{0,2}})*",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A grammar, the next one a server meets, and the tokens to measure along."""

    label: str
    source: Source
    following: Source
    path: TokenPath
    engines: tuple[EngineName, ...] = ENGINES


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser()
    options.add_argument("--ranks", type=Path, help="js-tiktoken's o200k_base.js, if it is at hand")
    options.add_argument("--experiments", action="store_true", help="also what was tried and not taken")
    chosen = options.parse_args()
    vocabulary = read_vocabulary(chosen.ranks or fetched_ranks())
    bench = Bench(vocabulary)
    print(f"vocabulary of {len(vocabulary.words)} words, {bench.describe()}")
    found = {}
    for row in [*bench.rows(), *(bench.experiments() if chosen.experiments else ())]:
        for name in row.engines:
            source, following = (_readable(one, name) for one in (row.source, row.following))
            found[row.label, name] = measured(name, vocabulary, source, following, row.path)
            print(f"{row.label:38} {name:10}", line_of(found[row.label, name]), flush=True)
    for line in verdicts(found):
        print(line)


def measured(
    name: EngineName, vocabulary: Vocabulary, source: Source, following: Source, path: TokenPath
) -> Measurement:
    """As `measure`; each mask and the first compile are the best of three, the latter by a fresh engine each:
    what else a machine does only adds to it."""
    found = measure(make_engine(name, vocabulary), source, following, path, limit_s=LIMIT_S, walks=WALKS)
    again = [make_engine(name, vocabulary).compile(source)[1] for _ in range(2)]
    return replace(found, first_s=min(again) if found.first_s is None else min(found.first_s, *again))


def fetched_ranks() -> Path:
    """The ranks file, unpacked below .bench/."""
    folder = Path(".bench")
    ranks = folder / "package" / "dist" / "ranks" / "o200k_base.js"
    if not ranks.exists():
        folder.mkdir(exist_ok=True)
        packed = subprocess.run(
            ["npm", "pack", "--silent", JS_TIKTOKEN], cwd=folder, check=True, capture_output=True, text=True
        )
        with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
            archive.extractall(folder, filter="data")
    return ranks


class Bench:
    """Grammars of shipped tools, and conversations with them."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._tokenizer = tokenizer_of(vocabulary)
        self._five, self._others = shipped("gmail")[:5], shipped("jira")[:5]
        self._twenty = some_of_each(20)
        self._path = self._along(self._five, TalkForm(False, False, TURNS))

    def describe(self) -> str:
        """The conversation that most rows are measured along."""
        return f"{len(self._path.tokens)} tokens along a conversation of {TURNS} turns with 5 tools"

    def rows(self) -> Iterator[Row]:
        """What is promised, and the predecessor's style beside it. vLLM is sent EBNF first."""
        path = self._along(self._twenty, TalkForm(False, False, TURNS))
        for count, tools, along in ((5, self._five, self._path), (20, self._twenty, path)):
            yield self._row(f"schema, {count} tools, lark", tools, path=along)
            yield self._row(
                f"schema, {count} tools, ebnf", tools, path=along, dialect="ebnf", engines=("xgrammar",)
            )
        tag = "schema, 20 tools, structural tag"
        yield self._row(tag, self._twenty, path=path, dialect="structural_tag", engines=("xgrammar",))
        for count, tools, along in ((5, self._five, self._path), (20, self._twenty, path)):
            usual, following = (Source("lark", usual_lark(some)) for some in (tools, self._others))
            yield Row(f"usual form, {count} tools", usual, following, along)
        source = source_of(PREDECESSOR.read_text("utf-8"))
        yield Row("predecessor's style", source, source, self._path)

    def experiments(self) -> Iterator[Row]:
        """Levels, options, and text regions of other forms."""
        for level in ("names", "markup"):
            yield self._row(f"{level}, 5 tools", self._five, level=level)
        for form in (TalkForm(True, False, TURNS), TalkForm(False, True, TURNS), TalkForm(True, True, TURNS)):
            words = "thoughts" * form.thoughts + " and " * (form.thoughts and form.parallel_calls)
            label = f"{words}{'parallel calls' * form.parallel_calls}, 20 tools"
            yield self._row(label, self._twenty, path=self._along(self._twenty, form), form=form)
        plain = self._row("", self._five)
        for label, text in TEXTS.items():
            yield Row(
                f"text: {label}", with_text(plain.source, text), with_text(plain.following, text), self._path
            )

    def _row(
        self,
        label: str,
        tools: Sequence[Tool],
        *,
        path: TokenPath | None = None,
        dialect: Dialect = "lark",
        level: Level = "schema",
        form: TalkForm = TalkForm(False, False, TURNS),  # noqa: B008
        engines: tuple[EngineName, ...] = ENGINES,
    ) -> Row:
        first, following = (
            source_of(grammar(some, form, level).render(dialect)) for some in (tools, self._others)
        )
        return Row(label, first, following, path or self._path, engines)

    def _along(self, tools: Sequence[Tool], form: TalkForm) -> TokenPath:
        text = conversation_text(
            tools, form, seed=7, long_enough=lambda text: len(self._tokenizer.greedy_tokenize(text)) >= TOKENS
        )
        return path_along(text, self._vocabulary)


def shipped(toolkit: str) -> tuple[Tool, ...]:
    """The shipped tools of one toolkit."""
    found = json.loads((data_dir("tool_definitions") / f"{toolkit}.json").read_text("utf-8"))["tools"]
    return tuple(Tool(toolkit, **tool) for tool in found)


def some_of_each(count: int) -> tuple[Tool, ...]:
    """As many tools of each shipped toolkit, `count` in all."""
    names = sorted(path.stem for path in data_dir("tool_definitions").glob("*.json"))
    toolkits = [name for name in names if name != "wanted_toolkits"]
    return tuple(tool for name in toolkits for tool in shipped(name)[: count // len(toolkits)])


def grammar(tools: Sequence[Tool], form: TalkForm, level: Level = "schema") -> TreeGrammar:
    """The grammar of conversations of that form."""
    return conversation_grammar(
        tools,
        thoughts=form.thoughts,
        parallel_calls=form.parallel_calls,
        min_user_turns=1,
        max_user_turns=form.turns,
        level=level,
    )


def usual_lark(tools: Sequence[Tool]) -> str:
    """What one would write first: nothing but `<` ends a text, the engine reads the schemas (`%json`)."""
    steps, schemas = [], []
    for number, tool in enumerate(tools):
        call = json.dumps(f'<tool>{{"name": "{tool.name}", "arguments": ')
        steps.append(f'{call} arguments_{number} "}}</tool>\\n<tool_response>" response_{number}')
        schemas.append(f"arguments_{number}: %json {json.dumps(tool.parameters)}")
        schemas.append(f"response_{number}: %json {json.dumps(tool.response or {'type': 'object'})}")
    rules = (
        'start: "</user>\\n" turn (TEXT "</user>\\n" turn)* TEXT',
        'turn: TEXT "</assistant>\\n" (TEXT? (step "</tool_response>\\n")+ "</assistant>\\n")*',
        f"step: {' | '.join(steps)}",
        "TEXT: /[^<]+/",
    )
    return "\n".join([*rules, *schemas])


def with_text(source: Source, regex: str) -> Source:
    """The grammar with another text region; `@` in it stands for what ends the text, or that comes last."""
    lark = source.text
    for name, end in (("LINE", r"\n<"), ("TAG", "<"), ("END", "")):
        body = regex.replace("@", end) if "@" in regex else regex + end
        lark = re.sub(rf"(?m)^TEXT_{name}: .*$", f"TEXT_{name}: /{body}/".replace("\\", r"\\"), lark)
    return Source("lark", lark)


def _readable(source: Source, name: EngineName) -> Source:
    if name == "xgrammar" or source.form == "lark":
        return source
    rules = read_rules(source)
    translated = as_lark(rules) if rules else None
    assert translated is not None
    return translated


def line_of(found: Measurement) -> str:
    """The figures as text, in milliseconds."""
    if found.figures is None or found.first_s is None or found.warm_s is None:
        return found.note
    each = found.figures
    return (
        f"compile {found.first_s * 1e3:5.0f} {found.warm_s * 1e3:4.0f}  masks {each.count:5} "
        f"mean {each.mean_ms:7.3f} p50 {each.p50_ms:7.3f} p99 {each.p99_ms:7.2f}  "
        f"quarters {each.quarters_ms[0]:.3f} {each.quarters_ms[-1]:.3f}  {found.note}"
    )


def verdicts(found: dict[tuple[str, EngineName], Measurement]) -> Iterator[str]:
    """Each target, what was measured, and whether that reaches it; of 5 and 20 tools the worse one counts."""
    theirs = found["predecessor's style", "xgrammar"].figures
    assert theirs is not None
    yield f"\n{'target':34} {'':6} {'limit':>8} {'measured':>10} {'':8} {'usual form':>10}"
    read: tuple[tuple[EngineName, str], ...] = (
        ("xgrammar", "ebnf"),
        ("xgrammar", "lark"),
        ("llguidance", "lark"),
    )
    for name, dialect in read:
        few, many = (found[f"schema, {count} tools, {dialect}", name] for count in (5, 20))
        assert few.figures
        quick = name == "llguidance"
        most = (0.05, 2.5 if quick else 0.5, 30 if quick else 300, 1.5)
        usual = worse(*(found[f"usual form, {count} tools", name] for count in (5, 20)))
        labels = ("mean mask, ms", "p99 mask, ms", "compile 20 tools, ms", "last quarter / first")
        for label, measured, limit, theirs_too in zip(labels, worse(few, many), most, usual, strict=True):
            verdict = "reached" if measured <= limit else "MISSED"
            what = f"{f'{name}, {label}':34} {dialect:6}"
            yield f"{what} {limit:8g} {measured:10.3f}  {verdict:8} {theirs_too:10.3f}"
        if name == "xgrammar":
            times = theirs.mean_ms / few.figures.mean_ms
            verdict = "reached" if times >= 500 else "MISSED"
            yield f"{f'{name}, times cheaper, 5 tools':34} {dialect:6} {500:8} {times:10.0f}  {verdict}"


def worse(few: Measurement, many: Measurement) -> tuple[float, float, float, float]:
    """Mean and 99th percentile of the masks, compiling of many tools, and growth; of two sizes the worse."""
    assert few.figures and many.figures and many.first_s
    sizes = (few.figures, many.figures)
    return (
        max(each.mean_ms for each in sizes),
        max(each.p99_ms for each in sizes),
        many.first_s * 1e3,
        max(each.growth for each in sizes),
    )


if __name__ == "__main__":
    main()
