"""What our grammars cost on the real servers: output tokens per second with and without, in the same run.

    python bench/grammar_served.py
    python bench/grammar_served.py --server llamacpp --rounds 3 --only "4,096"
    python bench/grammar_served.py --server vllm --dialects ebnf structural_tag --tokens 100

vLLM on the CPU and llama-server, as `make live` builds them, with tiny models whose habits end texts, strings
and objects (tests/live/tiny_habits.py); one of them has o200k's vocabulary of 200,000 words, made once below
.bench/. Requests run in a closed loop, the same ones in every round; rounds of all kinds alternate, so that a
busy machine slows all of them; shares are medians over the rounds, against the unconstrained round of the
same turn. CPU time per token says the same, less disturbed. A tiny model takes next to no time itself, so
these shares are the worst case: on a real model the same milliseconds are a smaller part.

llama.cpp looks at its whole vocabulary only where a model's first choice is refused. So it is measured with a
model that knows a conversation by heart (tests/live/by_heart.py), all of it and with one slip in a hundred
tokens, and with the tiny model, which rambles, so that many of its choices are refused: the worst case.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from grammar_mask import fetched_ranks
from live import build_env, servers
from served.arms import Arm, llamacpp_arms, shipped_tools, vllm_arms
from served.load import Load, Round, run_round

from funcdex.grammar_cost.talk import TalkForm, conversation_text
from funcdex.grammar_cost.vocabulary import read_vocabulary

WIDE = Path(".bench") / "wide"
WIDE_NAMES = {"vllm": "wide", "llamacpp": "wide.gguf"}
COMMON: Mapping[str, Any] = {
    "model": servers.MODEL_NAME,
    "messages": [{"role": "user", "content": "Write."}],
    "temperature": 1.0,
    "ignore_eos": True,
}
LEANINGS = {"Ċ": 6, "</": 4, "<": 4, "tool": 3}
"""vLLM's `logit_bias`, by the tokens' byte-level spelling (Ċ is a line break): texts end soon, so that three
fifths of an answer under our grammar are JSON. With llama-server's sampling it would say nothing else."""
TOOLS = 20
"""In the grammars that llama.cpp is sent."""
SLIP_EVERY = (0, 100)
LOOSE_LIMIT_S = 40.0
"""A grammar of the dear kind is stopped after this long; the tokens so far are counted."""


def main() -> None:
    """Runs what was asked, server after server."""
    options = argparse.ArgumentParser()
    options.add_argument("--server", choices=("vllm", "llamacpp", "all"), default="all")
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--tokens", type=int, default=200, help="of each answer")
    options.add_argument("--dialects", nargs="+", default=["ebnf", "lark"], help="for vLLM")
    options.add_argument("--backend", default="auto", help="vLLM's grammar engine: auto, xgrammar, guidance")
    options.add_argument("--no-loose", action="store_true", help="leave out the dear grammar, and its minute")
    options.add_argument("--only", default="", help="of the comparisons, by a part of their title")
    options.add_argument("--ranks", type=Path, help="js-tiktoken's o200k_base.js, if it is at hand")
    chosen = options.parse_args()
    kinds: list[servers.Kind] = ["vllm", "llamacpp"] if chosen.server == "all" else [chosen.server]
    missing = [reason for kind in kinds if (reason := servers.why_not_built(kind))]
    if missing:
        print("nothing to run: " + "; ".join(missing))
        return
    make_wide_models(chosen.ranks)
    comparisons = {"vllm": vllm_comparisons, "llamacpp": llamacpp_comparisons}
    for kind in kinds:
        for each in comparisons[kind](chosen):
            if chosen.only in each.title:
                compare(each, chosen.rounds)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is measured at one server."""

    title: str
    start: Callable[[], AbstractContextManager[servers.LiveServer]]
    arms: Mapping[str, Arm]
    load: Load


def vllm_comparisons(chosen: argparse.Namespace) -> Iterator[Comparison]:
    """One, with all requests in one batch."""
    tokens = vocabulary(WIDE / "wide")
    leaning = {str(tokens[word]): value for word, value in LEANINGS.items()} | {str(end_token()): -100}
    arms = vllm_arms(5, chosen.dialects, leaning, loose=not chosen.no_loose)
    flags = ["--structured-outputs-config.backend", chosen.backend]
    load = Load(64, 64, chosen.tokens, 600.0)
    yield Comparison("vLLM, 200,000 words, 64 in flight", partial(vllm, flags), arms, load)


def llamacpp_comparisons(chosen: argparse.Namespace) -> Iterator[Comparison]:
    """With a small and a wide vocabulary, by heart and rambling."""
    for words, folder in (("4,096", build_env.MODELS / "tiny"), ("200,000", WIDE / "wide")):
        # A token takes thirty times as long with the wide one.
        requests = 8 if folder.parent == WIDE else 32
        start = f"llama.cpp, {words} words, 4 slots"
        for every in SLIP_EVERY:
            yield Comparison(
                f"{start}, {f'one first choice in {every} wrong' if every else 'first choices right'}",
                partial(llamacpp_by_heart, folder, every),
                llamacpp_arms(TOOLS, temperature=0.0),
                Load(requests, 4, 3 * chosen.tokens, 600.0),
            )
        model = folder.with_suffix(".gguf")
        load = Load(2 * requests, 4, chosen.tokens, 600.0)
        yield Comparison(f"{start}, rambling", partial(llamacpp, model), llamacpp_arms(TOOLS), load)


def vllm(flags: list[str]) -> AbstractContextManager[servers.LiveServer]:
    """vLLM with the wide model and all requests in one batch."""
    model = ["--model", str((WIDE / WIDE_NAMES["vllm"]).resolve()), "--max-model-len", "4096"]
    batch = ["--max-num-batched-tokens", "4096"]
    return servers.vllm(name="grammar-served-vllm", max_num_seqs=64, flags=[*model, *batch, *flags])


def llamacpp(model: Path) -> AbstractContextManager[servers.LiveServer]:
    """llama-server with a model."""
    flags = ["--model", str(model.resolve()), "-c", "16384"]
    return servers.llamacpp(name="grammar-served-llamacpp", slots=4, flags=flags)


def vocabulary(folder: Path) -> dict[str, int]:
    """The tokens of a model by their byte-level spelling."""
    found: dict[str, int] = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    return found


def llamacpp_by_heart(folder: Path, slip_every: int) -> AbstractContextManager[servers.LiveServer]:
    """llama-server with the vocabulary in `folder` and a conversation with the tools by heart."""
    text, model = WIDE / "by-heart.txt", WIDE / f"by-heart-{folder.name}.gguf"
    said = conversation_text(
        shipped_tools(TOOLS), TalkForm(False, False, 8), seed=7, long_enough=lambda text: len(text) > 12_000
    )
    text.write_text(said, "utf-8")
    with_model_tools("live.by_heart", folder / "tokenizer.json", text, str(slip_every), model)
    return llamacpp(model)


def compare(comparison: Comparison, rounds: int) -> None:
    """Rounds of all arms in turn, and a line for each arm."""
    arms, load = comparison.arms, comparison.load
    print(f"\n{comparison.title}: {load.requests} requests of {load.tokens} tokens a round", flush=True)
    found: dict[str, list[Round]] = {label: [] for label in arms}
    with comparison.start() as server:
        for arm in arms.values():  # compiles the grammar, fills caches
            measured(server, arm, Load(min(4, load.in_flight), load.in_flight, 8, load.limit_s))
        for label, arm in in_turn(arms, rounds):
            limit_s = LOOSE_LIMIT_S if label.startswith("loose") else load.limit_s
            each = measured(server, arm, Load(load.requests, load.in_flight, load.tokens, limit_s))
            found[label].append(each)
            note = "" if each.whole else ", stopped early"
            rate = f"{each.tokens_per_s:8.0f} tokens/s, {each.cpu_ms_per_token:7.3f} ms of CPU a token"
            print(f"  {label:28} {rate}, {each.tokens} tokens{note}", flush=True)
    for label, several in found.items():
        pairs = list(zip(several, found["unconstrained"], strict=False))
        speeds = sorted(each.tokens_per_s / plain.tokens_per_s for each, plain in pairs)
        speed = f"{statistics.median(speeds):8.2f} ({speeds[0]:.2f} to {speeds[-1]:.2f})"
        cpu = statistics.median(each.cpu_ms_per_token / plain.cpu_ms_per_token for each, plain in pairs)
        print(f"  {label:28} {speed} x the tokens/s, {cpu:.2f} x the CPU of unconstrained", flush=True)


def in_turn(arms: Mapping[str, Arm], rounds: int) -> Iterator[tuple[str, Arm]]:
    """Every arm once a round, every other round backwards; the dear one in the first round only."""
    for number in range(rounds):
        order = [*arms.items()][:: -1 if number % 2 else 1]
        yield from (pair for pair in order if number == 0 or not pair[0].startswith("loose"))


def measured(server: servers.LiveServer, arm: Arm, load: Load) -> Round:
    """One round at a server."""
    return anyio.run(run_round, server.base_url, server.process.pid, {**COMMON, **arm}, load)


def end_token() -> int:
    """The token of the wide model that ends an answer."""
    return int(json.loads((WIDE / "wide" / "config.json").read_text())["eos_token_id"])


def make_wide_models(ranks: Path | None) -> None:
    """The models with 200,000 words, unless they are there."""
    if all((WIDE / name).exists() for name in WIDE_NAMES.values()):
        return
    print("making the models with o200k's vocabulary (a minute)", flush=True)
    WIDE.mkdir(parents=True, exist_ok=True)
    words = WIDE / "words.json"
    # Without the last, which stands for the end of a text: the models have their own.
    found = read_vocabulary(ranks or fetched_ranks()).words[:-1]
    encoded = [base64.b64encode(word).decode() for word in found]
    words.write_text(json.dumps(encoded))
    with_model_tools("live.wide_model", words, WIDE)


def with_model_tools(module: str, *arguments: str | Path) -> None:
    """Runs a module of tests/ with what makes models."""
    tests = Path(__file__).resolve().parents[1] / "tests"
    shown = [str(each.resolve()) if isinstance(each, Path) else each for each in arguments]
    command = [str(build_env.VLLM_PYTHON), "-m", module, *shown]
    subprocess.run(command, check=True, env={"PYTHONPATH": str(tests)}, capture_output=True)


if __name__ == "__main__":
    main()
