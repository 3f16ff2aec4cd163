"""What our grammars cost an engine: time to fill the mask of each token along a conversation in the grammar.

    python bench/grammar_mask.py

The vocabulary is gpt-oss's, o200k_base, from the npm package js-tiktoken, fetched once into .bench/ with npm.
Prints a line for each grammar and engine, with `--dialects` for each notation instead, in milliseconds:
compile (a compiler's first grammar, then one of other tools), and the masks: mean, median, 99th percentile,
means of the first and the last quarter. Times are CPU on one core. A row that ends early was refused a token
or took more than 20 s.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import re
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import llguidance
import llguidance.torch
import numpy
import xgrammar

from funcdex.data import data_dir
from funcdex.dml.writer import write
from funcdex.grammar.conversation import conversation_grammar
from funcdex.grammar.ir import JsonInteger, JsonNumber, JsonString
from funcdex.grammar.json_schema import read_schema
from funcdex.grammar.shapes import AnyValue, Array, Closed, Either, Fixed, Named, Open, Shape, Subset
from funcdex.grammar.tool_parts import Level
from funcdex.types.conversation import AssistantMessage, Conversation, JsonValue, Step, ToolCall, Turn
from funcdex.types.request import Dialect
from funcdex.types.tools import Tool

JS_TIKTOKEN = "js-tiktoken@1.0.21"

# What a text region may hold, as a regular expression, in place of ours.
TEXTS = {
    "as rendered": None,
    "no <": r"[^<]+",
    "no bound on breaks": r"[^ \n<]([^<]|<[^<\/ta])*",
    "<+ inside the loop": r"[^ \n<]([^<]|<+[^<\/ta])*",
    "up to 3 white, loose": r"[^ \n<]([ \n]{0,3}[^ \n<]|<[^<\/ta])*",
    "tags at 2nd letter": r"[^ \n<]([^<]|<([^<\/ta]|\/[^<ua]))*",
}
LEVELS: tuple[Level, ...] = ("schema", "names", "markup")
DIALECTS: tuple[Dialect, ...] = ("lark", "structural_tag", "ebnf", "gbnf")
WORDS = "the report for the third quarter is ready, and Ana wants it by Friday at noon; thanks! Then".split()


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser()
    options.add_argument("--ranks", type=Path, help="js-tiktoken's o200k_base.js, if it is at hand")
    options.add_argument("--turns", type=int, default=8)
    options.add_argument("--dialects", action="store_true", help="one line for each notation, on xgrammar")
    chosen = options.parse_args()
    engines = Engines(read_ranks(chosen.ranks or fetched_ranks()))
    tools, others = tools_of("gmail"), tools_of("jira")
    text = write(conversation(tools, chosen.turns, random.Random(7)))
    tokens = engines.tokenizer.greedy_tokenize(text)
    odd = engines.tokenizer.greedy_tokenize(text.replace(" and ", " < "))
    print(f"{len(tokens)} tokens, {len(text)} characters, vocabulary of {len(engines.words)}")
    if chosen.dialects:
        dialects(engines, tools, others, chosen.turns, tokens)
        return
    for label, level, regex, measured in rows(tokens, odd):
        lark, other = (
            with_text(rendered(some, level, chosen.turns, "lark"), regex) for some in (tools, others)
        )
        for name, engine in (("llguidance", engines.llguidance), ("xgrammar", engines.xgrammar)):
            print(f"{label:30} {name:10}", engine(lark, other, measured), flush=True)


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


def rows(tokens: list[int], odd: list[int]) -> Iterator[tuple[str, Level, str | None, list[int]]]:
    """What is measured: a label, the level, the text region, the tokens."""
    for name, regex in TEXTS.items():
        yield f"schema, {name}", "schema", regex, tokens
    yield "schema, as rendered, with <", "schema", None, odd
    yield "names", "names", None, tokens
    yield "markup", "markup", None, tokens


def tools_of(toolkit: str) -> tuple[Tool, ...]:
    """Five shipped tools of one toolkit."""
    found = json.loads((data_dir("tool_definitions") / f"{toolkit}.json").read_text())["tools"][:5]
    return tuple(Tool(toolkit, **tool) for tool in found)


def dialects(
    engines: Engines, tools: Sequence[Tool], others: Sequence[Tool], turns: int, tokens: list[int]
) -> None:
    """Measures and prints each notation at each level."""
    for level in LEVELS:
        for dialect in DIALECTS:
            first, other = (rendered(some, level, turns, dialect) for some in (tools, others))
            label = f"{level}, {dialect} {len(first.encode())} B"
            print(f"{label:38}", engines.xgrammar(first, other, tokens, dialect), flush=True)
        # Without lookaheads.
        first, other = (
            re.sub(r"(?m) \(= \[.*\]\)$", "", rendered(some, level, turns, "ebnf"))
            for some in (tools, others)
        )
        label = f"{level}, ebnf bare {len(first.encode())} B"
        print(f"{label:38}", engines.xgrammar(first, other, tokens, "ebnf"), flush=True)


def rendered(tools: Sequence[Tool], level: Level, turns: int, dialect: Dialect) -> str:
    """The grammar of conversations of that many turns at most."""
    grammar = conversation_grammar(
        tools, thoughts=False, parallel_calls=False, min_user_turns=1, max_user_turns=turns, level=level
    )
    return grammar.render(dialect)


def with_text(lark: str, regex: str | None) -> str:
    """The grammar with another text region."""
    if regex is None:
        return lark
    for name, end in (("LINE", r"\n<"), ("END", "")):
        lark = re.sub(rf"(?m)^TEXT_{name}: .*$", f"TEXT_{name}: /{regex}{end}/".replace("\\", r"\\"), lark)
    return lark


def conversation(tools: Sequence[Tool], turns: int, rng: random.Random) -> Conversation:
    """Each turn: a question, two single calls, an answer of two paragraphs."""
    return Conversation(tuple(_turn(tools, rng) for _ in range(turns)))


def _turn(tools: Sequence[Tool], rng: random.Random) -> Turn:
    calls = AssistantMessage(words(rng, 12), tuple(_step(rng.choice(tools), rng) for _ in range(2)))
    return Turn(words(rng, 40), (calls, AssistantMessage(f"{words(rng, 40)}\n\n{words(rng, 30)}")))


def _step(tool: Tool, rng: random.Random) -> Step:
    arguments, response = (
        value_of(read_schema(schema, where="bench").shape, rng) for schema in (tool.parameters, tool.response)
    )
    return Step((ToolCall(tool.name, arguments),), (response,))


def words(rng: random.Random, count: int) -> str:
    """A text in the grammar."""
    return " ".join(rng.choices(WORDS, k=count)).strip("<- ") + "."


def value_of(shape: Shape, rng: random.Random) -> JsonValue:
    """A value of a shape."""
    match shape:
        case AnyValue() | Open():
            return {"note": words(rng, 8)}
        case Fixed(texts):
            return json.loads(rng.choice(texts))
        case Closed(properties):
            kept = [each for each in properties if each.required or rng.random() < 0.6]
            return {each.name: value_of(each.value, rng) for each in kept}
        case Array(items, least, most):
            return [value_of(items, rng) for _ in range(max(least, 2 if most is None else min(2, most)))]
        case Either(options):
            return value_of(rng.choice(options), rng)
        case Named(_, named) if named is not None:
            return value_of(named, rng)
        case Subset(texts):
            return [json.loads(text) for text in texts]
        case JsonString(form):
            return {"date": "2024-05-17", "date-time": "2024-05-17T09:30:00Z"}.get(form) or words(rng, 9)
        case JsonInteger(least, most):
            return min(most, max(least, 12))
        case JsonNumber():
            return 12.5


def read_ranks(path: Path) -> list[bytes]:
    """The words of a vocabulary, by rank."""
    text = path.read_text()
    lines = json.loads(text[text.index("{") : text.rindex("}") + 1])["bpe_ranks"].splitlines()
    found: dict[int, bytes] = {}
    for _, offset, *encoded in (line.split(" ") for line in lines if line.strip()):
        found |= {int(offset) + n: base64.b64decode(word) for n, word in enumerate(encoded)}
    return [found.get(rank, b"") for rank in range(max(found) + 1)]


class Engines:
    """Both engines over one vocabulary."""

    def __init__(self, words: list[bytes]) -> None:
        self.words = [*words, b"<|end|>"]
        end = len(words)
        self.info = xgrammar.TokenizerInfo(self.words, xgrammar.VocabType.RAW, stop_token_ids=[end])
        single = {word: rank for rank, word in enumerate(words) if len(word) == 1}

        class Vocabulary:
            tokens, eos_token_id, bos_token_id, special_token_ids = self.words, end, None, [end]

            def __call__(self, text: bytes) -> list[int]:
                return [single[bytes([value])] for value in text]

        self.tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Vocabulary()))

    def llguidance(self, lark: str, next_lark: str, tokens: list[int]) -> str:
        """One line of figures."""
        begun = time.process_time()
        matcher = llguidance.LLMatcher(self.tokenizer, lark, log_level=0)
        first = time.process_time() - begun
        mask = llguidance.torch.allocate_token_bitmask(1, self.tokenizer.vocab_size)
        fill = partial(llguidance.torch.fill_next_token_bitmask, matcher, mask, 0)
        return figures(first, first, timed(fill, matcher.consume_token, tokens))

    def xgrammar(self, text: str, next_text: str, tokens: list[int], dialect: Dialect = "lark") -> str:
        """One line of figures."""
        compiler = xgrammar.GrammarCompiler(self.info, max_threads=1)
        read = {"lark": compiler.compile_lark, "structural_tag": compiler.compile_structural_tag}
        compile_it = read.get(dialect, compiler.compile_grammar)
        begun = time.process_time()
        compiled = compile_it(text)
        first = time.process_time() - begun
        compile_it(next_text)
        second = time.process_time() - begun - first
        matcher = xgrammar.GrammarMatcher(compiled)
        mask = xgrammar.allocate_token_bitmask(1, len(self.words))
        fill = partial(matcher.fill_next_token_bitmask, mask)
        return figures(first, second, timed(fill, matcher.accept_token, tokens))


def timed(fill: Callable[[], object], accept: Callable[[int], bool], tokens: list[int]) -> Iterator[float]:
    """Seconds of each mask, for 20 s at most."""
    spent = 0.0
    for token in tokens:
        begun = time.process_time()
        fill()
        yield time.process_time() - begun
        spent += time.process_time() - begun
        if not accept(token) or spent > 20:
            return


def figures(first_s: float, second_s: float, mask_s: Iterator[float]) -> str:
    """The figures as text, in milliseconds."""
    ms = numpy.array(list(mask_s)) * 1e3
    quarter = max(1, len(ms) // 4)
    middle, late = numpy.percentile(ms, (50, 99))
    compiled = f"compile {first_s * 1e3:5.0f} {second_s * 1e3:4.0f}"
    masks = f"masks {len(ms):5}  mean {ms.mean():8.3f} p50 {middle:8.3f} p99 {late:8.2f}"
    return f"{compiled}  {masks}  quarters {ms[:quarter].mean():.3f} {ms[-quarter:].mean():.3f}"


if __name__ == "__main__":
    main()
