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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from grammar_mask import ENGINES, fetched_ranks

from funcdex.grammar.conversation import json_grammar
from funcdex.grammar_cost.engines import Engine, Source, Walker, make_engine, tokenizer_of
from funcdex.grammar_cost.vocabulary import read_vocabulary

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
    "no -- or __ within": (
        {**S, "pattern": "^[a-zA-Z]((?!--|__)[a-zA-Z0-9-_])+$"},
        "some-label_name9",
    ),
    "three lookaheads": (
        {**S, "pattern": "^(?=.*[a-z])(?=.*[A-Z])(?=.*\\d)[a-zA-Z\\d]{8,}$"},
        "Passw0rdsAreLong",
    ),
    "uri, ^(https?|syslog)://": (
        {**S, "format": "uri", "pattern": "^(https?|syslog)://"},
        "https://example.com/path/to?x=1&y=2#top",
    ),
    "uuid, capital letters": (
        {**S, "format": "uuid", "pattern": "^[{(]?[0-9A-F]{8}-?([0-9A-F]{4}-?){3}[0-9A-F]{12}[)}]?$"},
        "0B1F2C3D-1111-2222-3333-444455556666",
    ),
    "maxLength 32, exact": ({**S, "maxLength": 32}, "the quick brown fox jumps over"),
    "number": ({"type": "number"}, 123.456),
    "number -90 to 90": ({"type": "number", "minimum": -90, "maximum": 90}, -12.3456),
    "number above 0": ({"type": "number", "exclusiveMinimum": 0}, 123.456),
    "integer 1 to 500": ({"type": "integer", "minimum": 1, "maximum": 500}, 250),
}


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser()
    options.add_argument("--ranks", type=Path, help="js-tiktoken's o200k_base.js, if it is at hand")
    vocabulary = read_vocabulary(options.parse_args().ranks or fetched_ranks())
    tokenizer = tokenizer_of(vocabulary)
    engines = [make_engine(name, vocabulary) for name in ENGINES]
    for engine in engines:
        engine.compile(Source("lark", lark_of(S, exact=False)))
    for name, (schema, value) in CASES.items():
        source = Source("lark", lark_of(schema, exact="exact" in name))
        print(f"{name:24}", *(measured(engine, tokenizer, source, value) for engine in engines), flush=True)


def lark_of(schema: dict[str, Any], *, exact: bool) -> str:
    """The grammar of an object with such a property, and a plain string behind it."""
    properties = {"a": schema, "b": S}
    whole = {"type": "object", "properties": properties, "required": ["a", "b"]}
    return json_grammar(whole, exact=exact).render("lark")


def measured(engine: Engine, tokenizer: Any, source: Source, value: Any) -> str:
    """One engine's figures."""
    before = '{"a": '
    inside = before + json.dumps(value)
    tokens = tokenizer.greedy_tokenize(inside + ', "b": "words"}')
    first, last = (len(tokenizer.greedy_tokenize(text)) for text in (before, inside))
    start, compile_s = engine.compile(source)
    return line(engine.name, compile_s, list(timed(start(), tokens))[first:last])


def timed(walker: Walker, tokens: Sequence[int]) -> Iterator[float]:
    """Seconds of each mask, up to a token that is refused."""
    for token in tokens:
        begun = time.process_time()
        walker.fill()
        yield time.process_time() - begun
        if not walker.accept(token):
            return


def line(name: str, compile_s: float, masks_s: list[float]) -> str:
    """The figures as text, in milliseconds."""
    ms = [each * 1e3 for each in masks_s] or [0.0]
    return f" {name} compile {compile_s * 1e3:5.0f} mean {sum(ms) / len(ms):7.3f} max {max(ms):7.2f}"


if __name__ == "__main__":
    main()
