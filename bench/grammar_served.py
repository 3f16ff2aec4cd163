"""What our grammars cost on the real servers: output tokens per second with and without, in the same run.

    python bench/grammar_served.py
    python bench/grammar_served.py --server llamacpp --rounds 3
    python bench/grammar_served.py --server vllm --dialects ebnf structural_tag --tokens 100

vLLM on the CPU and llama-server, as `make live` builds them, with tiny models whose habits end texts, strings
and objects (tests/live/tiny_habits.py); one of them has o200k's vocabulary of 200,000 words, made once below
.bench/. Requests run in a closed loop, the same ones in every round; rounds of all kinds alternate, so that a
busy machine slows all of them; shares are medians over the rounds, against the unconstrained round of the
same turn. CPU time per token says the same, less disturbed. A tiny model takes next to no time itself, so
these shares are the worst case: on a real model the same milliseconds are a smaller part.

llama.cpp looks at its whole vocabulary only where a model's first choice is refused. So it is measured twice:
as the tiny model speaks, which is often wrong between texts and strings, and with `<` kept from it, which
leaves it in a text where every choice is right, as a real model's choices mostly are.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from grammar_mask import fetched_ranks
from live import build_env, servers
from served.arms import Arm, llamacpp_arms, vllm_arms
from served.load import Load, Round, run_round

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
    options.add_argument("--ranks", type=Path, help="js-tiktoken's o200k_base.js, if it is at hand")
    chosen = options.parse_args()
    missing = [reason for kind in ("vllm", "llamacpp") if (reason := servers.why_not_built(kind))]
    if missing:
        print("nothing to run: " + "; ".join(missing))
        return
    make_wide_models(chosen.ranks)
    if chosen.server in ("vllm", "all"):
        tokens = vocabulary(WIDE / "wide")
        leaning = {str(tokens[word]): value for word, value in LEANINGS.items()} | {str(end_token()): -100}
        arms = vllm_arms(5, chosen.dialects, leaning, loose=not chosen.no_loose)
        load = Load(64, 64, chosen.tokens, 600.0)
        flags = ["--structured-outputs-config.backend", chosen.backend]
        compare("vLLM, 200,000 words, 64 in flight", vllm(flags), arms, load, chosen.rounds)
    if chosen.server in ("llamacpp", "all"):
        small, wide = build_env.MODELS / "tiny.gguf", WIDE / WIDE_NAMES["llamacpp"]
        for words, model, requests in (("4,096", small, 64), ("200,000", wide, 12)):
            load = Load(requests, 4, chosen.tokens, 600.0)
            tokens = vocabulary(WIDE / "wide" if model == wide else build_env.MODELS / "tiny")
            for choices, bias in (("often wrong", []), ("right", less_thans(tokens))):
                title = f"llama.cpp, {words} words, 4 slots, first choices {choices}"
                arms = llamacpp_arms(20, [["<|im_end|>", -100], *bias])
                compare(title, llamacpp(model), arms, load, chosen.rounds)


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


def less_thans(tokens: Mapping[str, int]) -> list[list[Any]]:
    """A `logit_bias` against each token with a `<` or several line breaks in it."""
    return [[token, -100] for word, token in tokens.items() if "<" in word or word.count("Ċ") > 1]


def compare(
    title: str,
    started: AbstractContextManager[servers.LiveServer],
    arms: Mapping[str, Arm],
    load: Load,
    rounds: int,
) -> None:
    """Rounds of all arms in turn, and a line for each arm."""
    print(f"\n{title}: {load.requests} requests of {load.tokens} tokens a round", flush=True)
    found: dict[str, list[Round]] = {label: [] for label in arms}
    with started as server:
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
        speed = statistics.median(each.tokens_per_s / plain.tokens_per_s for each, plain in pairs)
        cpu = statistics.median(each.cpu_ms_per_token / plain.cpu_ms_per_token for each, plain in pairs)
        print(f"  {label:28} {speed:8.2f} x the tokens/s, {cpu:.2f} x the CPU of unconstrained", flush=True)


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
    command = [str(build_env.VLLM_PYTHON), "-m", "live.wide_model", str(words.resolve()), str(WIDE.resolve())]
    tests = Path(__file__).resolve().parents[1] / "tests"
    subprocess.run(command, check=True, env={"PYTHONPATH": str(tests)}, capture_output=True)


if __name__ == "__main__":
    main()
