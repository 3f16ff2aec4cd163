"""Is every imported tool of use? Each of a sample must make a grammar, and a function that OpenAI would take.

    make catalog
    python bench/imported_tools.py [--tools 5000 --seed 1] [--record]

A function is valid if its name has 1 to 64 of the characters that are allowed, its arguments too (with dots,
which the strictest API takes), its description has at most 1,024 characters, and its parameters are a schema
of an object by the metaschema of draft 2020-12. A grammar is built of a conversation with the tool alone, and
written in Lark.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from record import record, record_option, verdict

from funcdex.catalogue.database import open_to_read
from funcdex.catalogue.reader import open_catalogue
from funcdex.errors import FuncdexError
from funcdex.grammar.conversation import conversation_grammar
from funcdex.types.tools import Tool

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ARGUMENT = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MOST_DESCRIPTION_CHARS = 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--catalog", type=Path, default=Path(".bench") / "catalog.db")
    parser.add_argument("--tools", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    record_option(parser)
    options = parser.parse_args()
    if not options.catalog.exists():
        parser.exit(0, f"{options.catalog} is not there: `make catalog` builds it\n")
    begun, faults = time.process_time(), list[str]()
    chosen = drawn(options.catalog, options.tools, options.seed)
    with open_catalogue(options.catalog) as opened:
        for toolkit, names in chosen.items():
            for tool in opened.toolkit(toolkit, names).tools:
                faults += [f"{toolkit}/{tool.name}: {fault}" for fault in faults_of(tool)]
    count = sum(map(len, chosen.values()))
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    sys.stdout.write(verdict("faults of imported tools", len(faults), 0) + "\n")
    if options.record:
        figures = {"tools": count, "toolkits": len(chosen), "seed": options.seed, "faults": faults}
        record("imported_tools", figures | {"processor_s": round(time.process_time() - begun, 1)})


def drawn(catalog: Path, count: int, seed: int) -> dict[str, list[str]]:
    """Names of tools drawn at random from all alike, by toolkit."""
    statement = (
        "SELECT toolkit.name, tool.name FROM tool JOIN toolkit ON toolkit.id = tool.toolkit ORDER BY 1, 2"
    )
    with closing(open_to_read(catalog)) as connection:
        every = connection.execute(statement).fetchall()
    chosen: dict[str, list[str]] = defaultdict(list)
    for toolkit, tool in random.Random(seed).sample(every, min(count, len(every))):
        chosen[toolkit].append(tool)
    return chosen


def faults_of(tool: Tool) -> list[str]:
    """What is wrong with a tool, in words."""
    found = []
    if not _NAME.fullmatch(tool.name):
        found.append("a name that is not allowed")
    if not all(map(_ARGUMENT.fullmatch, tool.parameters.get("properties", {}))):
        found.append("an argument of a name that some API refuses")
    if len(tool.description) > _MOST_DESCRIPTION_CHARS:
        found.append("too long a description")
    if tool.parameters.get("type") != "object":
        found.append("parameters that are no object")
    for schema in (tool.parameters, tool.response):
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            found.append(f"no schema: {error.message[:200]}")
    try:
        grammar = conversation_grammar(
            [tool], thoughts=False, parallel_calls=True, min_user_turns=1, max_user_turns=2, level="schema"
        )
        grammar.render("lark")
    except FuncdexError as error:
        found.append(f"no grammar: {error}")
    return found


if __name__ == "__main__":
    main()
