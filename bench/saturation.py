"""How much of the endpoints' capacity is used: one, four unequal ones, a mix of stages, 64 at once.

    python bench/saturation.py [--only sockets,one,unequal,mix,scale] [--conversations 100000] [--record]

`sockets`: one and four unequal endpoints over real sockets, in real time, two minutes. The others run the
real pool, dispatcher, limiter and pipeline on a virtual clock, against the same servers made of arithmetic
(`saturated/`): no sockets, and the same figures each time. `scale` has 700,000 requests, and is run only when
asked for. Endpoints tell nothing of themselves, but for `one`, which tells its slots.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from typing import Any

import anyio
from record import record, record_option, verdict
from saturated import over_sockets
from saturated.scenarios import Shares, conversations, one_endpoint, unequal_endpoints
from saturated.virtual import run_virtually

Scenario = Callable[[], Awaitable[Shares]]


def main() -> None:
    """Runs what is asked for and prints whether the targets are reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--only", default="sockets,one,unequal,mix", help="which of them; `scale` takes an hour"
    )
    parser.add_argument("--conversations", type=int, default=100_000, help="of `scale`")
    record_option(parser)
    chosen = parser.parse_args()
    figures = {name: _MEASURES[name](chosen.conversations) for name in chosen.only.split(",")}
    if chosen.record:
        record("saturation_scale" if chosen.only == "scale" else "saturation", figures)


def _sockets(_: int) -> dict[str, Any]:
    loop = {"use_uvloop": find_spec("uvloop") is not None}
    alone = anyio.run(over_sockets.by_itself, backend_options=loop)
    one = anyio.run(over_sockets.one_endpoint, backend_options=loop)
    print(f"sockets, one endpoint: aiohttp by itself reaches {alone:.3f} of ideal")
    print(verdict("sockets, one endpoint: of ideal", one.whole, 0.97, at_least=True))
    unequal = anyio.run(over_sockets.unequal_endpoints, 100.0, backend_options=loop)
    print(verdict("sockets, four unequal: whole run", unequal.whole, 0.93, at_least=True))
    print(verdict("sockets, four unequal: steady", unequal.steady, 0.98, at_least=True))
    return {"one": asdict(one), "aiohttp": {"whole": alone}, "unequal": asdict(unequal)}


def _one(_: int) -> dict[str, Any]:
    shares, figures = _measured(one_endpoint)
    print(verdict("one endpoint, 1,024 requests: of ideal", shares.whole, 0.97, at_least=True))
    return figures


def _unequal(_: int) -> dict[str, Any]:
    figures = {}
    for spread in (1, 20):
        shares, figures[f"spread_{spread}"] = _measured(partial(unequal_endpoints, 120.0, spread=spread))
        what = f"four unequal, lengths 1 to {spread}"
        print(verdict(f"{what}: whole run", shares.whole, 0.93, at_least=True))
        print(verdict(f"{what}: steady", shares.steady, 0.98, at_least=True))
    return figures


def _mix(_: int) -> dict[str, Any]:
    shares, figures = _measured(partial(conversations, 4, 64, 1500, told=False))
    idle = 1 - shares.until_last_5_percent
    print(verdict("seven stages, lengths 1 to 20: idle", idle, 0.03))
    return figures


def _scale(count: int) -> dict[str, Any]:
    shares, figures = _measured(partial(conversations, 64, 256, count, told=False))
    what = f"64 endpoints of 256, {count:,} conversations"
    print(verdict(f"{what}: until last 5 %", shares.until_last_5_percent, 0.95, at_least=True))
    print(verdict(f"{what}: whole run", shares.whole, 0.95, at_least=True))
    return figures


def _measured(scenario: Scenario) -> tuple[Shares, dict[str, Any]]:
    began_s = time.process_time()
    shares = run_virtually(scenario)
    return shares, asdict(shares) | {"cpu_s": round(time.process_time() - began_s, 1)}


_MEASURES = {"sockets": _sockets, "one": _one, "unequal": _unequal, "mix": _mix, "scale": _scale}

if __name__ == "__main__":
    main()
