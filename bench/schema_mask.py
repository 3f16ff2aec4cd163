"""What strings and numbers of a schema cost an engine: time to fill the masks of one value's tokens.

    python bench/schema_mask.py [--ranks o200k_base.js]

Each schema is that of the first property of an object, its value an example that fits. Prints for each, for
xgrammar and llguidance, the compile time (after that of an object of plain strings, whose masks xgrammar
keeps), mean and maximum of the masks inside the value, in milliseconds of CPU on one core.
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import llguidance
import llguidance.torch
import xgrammar
from grammar_mask import Engines, fetched_ranks, read_ranks, timed

from funcdex.grammar.conversation import json_grammar

S = {"type": "string"}
CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "any string": (S, "the quick brown fox jumps over"),
    "minLength 1": ({**S, "minLength": 1}, "the quick brown fox jumps over"),
    "date": ({**S, "format": "date"}, "2024-05-17"),
    "date-time": ({**S, "format": "date-time"}, "2024-05-17T09:30:00.250Z"),
    "time": ({**S, "format": "time"}, "09:30:00+02:00"),
    "duration": ({**S, "format": "duration"}, "P3DT4H30M"),
    "uuid": ({**S, "format": "uuid"}, "507f1f77-bcf8-4cd7-9943-90112345aaaa"),
    "email": ({**S, "format": "email"}, "jane.doe@mail.example.com"),
    "hostname": ({**S, "format": "hostname"}, "mail.example-site.com"),
    "ipv4": ({**S, "format": "ipv4"}, "192.168.10.254"),
    "ipv6": ({**S, "format": "ipv6"}, "2001:db8::8a2e:370:7334"),
    "uri": ({**S, "format": "uri"}, "https://example.com/path/to?x=1&y=2#top"),
    "uri-reference": ({**S, "format": "uri-reference"}, "/path/to?x=1&y=2#top"),
    "json-pointer": ({**S, "format": "json-pointer"}, "/properties/name/0"),
    "byte": ({**S, "format": "byte"}, "aGVsbG8gd29ybGQgdGhpcw=="),
    "^[A-Z]{3}$": ({**S, "pattern": "^[A-Z]{3}$"}, "USD"),
    "^[0-9a-f]{24}$": ({**S, "pattern": "^[0-9a-f]{24}$"}, "507f1f77bcf86cd799439011"),
    "^#[0-9a-fA-F]{6}$": ({**S, "pattern": "^#[0-9a-fA-F]{6}$"}, "#a0b1c2"),
    "^[\\w+=,.@-]+$": ({**S, "pattern": "^[\\w+=,.@-]+$"}, "some.user+name@example"),
    "^[\\w-]{1,64}$": ({**S, "pattern": "^[\\w-]{1,64}$"}, "some-user-name-example"),
    "[\\w+=,.@-]+": ({**S, "pattern": "[\\w+=,.@-]+"}, "some user name, example"),
    ".*\\S.*": ({**S, "pattern": ".*\\S.*"}, "the quick brown fox jumps over"),
    "^[^/]+$": ({**S, "pattern": "^[^/]+$"}, "the quick brown fox jumps over"),
    "^arn:aws:...": (
        {**S, "pattern": "^arn:(aws|aws-cn):[a-z0-9]+:[a-z0-9-]*:[0-9]{12}:.+$"},
        "arn:aws:lambda:us-east-1:123456789012:function:my",
    ),
    "^[a-z]+(-[a-z]+)*$": ({**S, "pattern": "^[a-z]+(-[a-z]+)*$"}, "some-words-with-dashes"),
    "^([a-z]-?)*$": ({**S, "pattern": "^([a-z]-?)*$"}, "some-words-with-dashes"),
    "docker image": (
        {**S, "pattern": "^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$"},
        "my-org/some/my-image_name",
    ),
    "^(?!aws:)[a-zA-Z:.-]+$": ({**S, "pattern": "^(?!aws:)[a-zA-Z:.-]+$"}, "some:key.name"),
    "^(?!\\s*$).+": ({**S, "pattern": "^(?!\\s*$).+"}, "the quick brown fox jumps over"),
    "maxLength 32, lengths": ({**S, "maxLength": 32}, "the quick brown fox jumps over"),
    "number": ({"type": "number"}, 123.456),
    "number -90 to 90": ({"type": "number", "minimum": -90, "maximum": 90}, -12.3456),
    "number above 0": ({"type": "number", "exclusiveMinimum": 0}, 123.456),
    "integer 1 to 500": ({"type": "integer", "minimum": 1, "maximum": 500}, 250),
}


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser()
    options.add_argument("--ranks", type=Path, help="js-tiktoken's o200k_base.js, if it is at hand")
    engines = Engines(read_ranks(options.parse_args().ranks or fetched_ranks()))
    compiler = xgrammar.GrammarCompiler(engines.info, max_threads=1)
    compiler.compile_lark(lark_of(S, lengths=False))
    for name, (schema, value) in CASES.items():
        lark = lark_of(schema, lengths="lengths" in name)
        print(f"{name:24}", *measured(engines, compiler, lark, value), flush=True)


def lark_of(schema: dict[str, Any], *, lengths: bool) -> str:
    """The grammar of an object with such a property, and a plain string behind it."""
    properties = {"a": schema, "b": S}
    whole = {"type": "object", "properties": properties, "required": ["a", "b"]}
    return json_grammar(whole, lengths=lengths).render("lark")


def measured(engines: Engines, compiler: xgrammar.GrammarCompiler, lark: str, value: Any) -> list[str]:
    """Figures of both engines."""
    before = '{"a": '
    inside = before + json.dumps(value)
    tokenize = engines.tokenizer.greedy_tokenize
    tokens = tokenize(inside + ', "b": "words"}')
    first, last = len(tokenize(before)), len(tokenize(inside))
    begun = time.process_time()
    compiled = compiler.compile_lark(lark)
    spent = time.process_time() - begun
    theirs = xgrammar.GrammarMatcher(compiled)
    mask = xgrammar.allocate_token_bitmask(1, len(engines.words))
    fill = partial(theirs.fill_next_token_bitmask, mask)
    lines = [line("xgrammar", spent, list(timed(fill, theirs.accept_token, tokens))[first:last])]
    begun = time.process_time()
    matcher = llguidance.LLMatcher(engines.tokenizer, lark, log_level=0)
    spent = time.process_time() - begun
    mask = llguidance.torch.allocate_token_bitmask(1, engines.tokenizer.vocab_size)
    fill = partial(llguidance.torch.fill_next_token_bitmask, matcher, mask, 0)
    lines.append(line("llguidance", spent, list(timed(fill, matcher.consume_token, tokens))[first:last]))
    return lines


def line(name: str, compile_s: float, masks_s: list[float]) -> str:
    """The figures as text, in milliseconds."""
    ms = [each * 1e3 for each in masks_s] or [0.0]
    return f" {name} compile {compile_s * 1e3:5.0f} mean {sum(ms) / len(ms):7.3f} max {max(ms):7.2f}"


if __name__ == "__main__":
    main()
