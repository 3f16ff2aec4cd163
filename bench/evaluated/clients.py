"""The same requests twice: by the pool alone, and by a whole evaluation with its journal and its scores.

python -m evaluated.clients pool|eval --url http://127.0.0.1:8000 --requests 10000 --in-flight 512
"""

from __future__ import annotations

import asyncio
import io
import json
import resource
import tempfile
from importlib.util import find_spec
from pathlib import Path

import anyio
from evaluated.talks import CONTEXTS_EACH, WRONG_OF_TEN, records
from overhead.asked import options_of
from overhead.candidate import mock_candidate
from rich.console import Console

from funcdex.endpoints.http import open_transport
from funcdex.evaluate.folder import Asked, EvalDir
from funcdex.evaluate.questions import Question, Requests
from funcdex.evaluate.session import EvalOrder, carry_out
from funcdex.export.contexts import contexts_of
from funcdex.export.sample import sample_of
from funcdex.pool.pool import Pool
from funcdex.settings.pool import PoolSettings
from funcdex.settings.sampling import SamplingSettings
from funcdex.settings.tree import Settings
from funcdex.types.request import Request

FOLDER = Path(__file__).resolve().parents[2] / ".bench" / "evaluated"


def dataset_of(requests: int) -> Path:
    """Where the data set with so many contexts lies."""
    return FOLDER / f"{requests}.jsonl"


async def by_the_pool(url: str, requests: int, in_flight: int) -> None:
    """The requests of one conversation again and again, all asked for at once."""
    of_one = _requests_of_one()
    async with open_transport() as transport:
        settings = PoolSettings(max_in_flight=in_flight, stream="never")
        async with Pool([mock_candidate(url, transport)], settings) as pool:

            async def send(request: Request) -> None:
                assert (await pool.generate(request)).calls

            await asyncio.gather(*(send(of_one[number % len(of_one)]) for number in range(requests)))


async def by_an_evaluation(url: str, requests: int, in_flight: int) -> None:
    """`funcdex eval` as its command does it. Raises AssertionError where figures are wrong."""
    settings = Settings.model_validate(
        {"endpoints": [f"{url};model=mock;kind=vllm"], "pool": {"max_in_flight": in_flight}}
    )
    with tempfile.TemporaryDirectory(dir=FOLDER, prefix="out-") as out:
        order = EvalOrder(EvalDir(Path(out)), dataset_of(requests), settings)
        outcome = await carry_out(order, Console(file=io.StringIO()))
    report = outcome.report
    assert outcome.whole and report["answered"] == requests, report["unanswered"]
    wrong = sum(number % 10 < WRONG_OF_TEN for number in range(requests))
    assert report["right"] == requests - wrong, (report["right"], wrong)
    used = resource.getrusage(resource.RUSAGE_SELF)
    whole_s, scoring_s = used.ru_utime + used.ru_stime, report["scoring_cpu_s"]
    parts = {"own_cpu_s": whole_s, "asking_s": whole_s - scoring_s, "scoring_s": scoring_s}
    print(json.dumps(parts))


def _requests_of_one() -> list[Request]:
    sample = sample_of(next(iter(records(CONTEXTS_EACH))), "one")
    sampling = SamplingSettings(temperature=0.0, max_tokens=4096).model_dump()
    made = Requests(Asked("", "", None, None, sampling, 0, "auto", False), 300.0)
    return [made.request_for(Question(f"1.{one.at}", 1, one, {})) for one in contexts_of(sample)]


CLIENTS = {"pool": by_the_pool, "eval": by_an_evaluation}


def main() -> None:
    """Plays one client."""
    options = options_of(__doc__)
    options.add_argument("name", choices=CLIENTS)
    asked = options.parse_args()
    loop = {"use_uvloop": find_spec("uvloop") is not None}
    anyio.run(CLIENTS[asked.name], asked.url, asked.requests, asked.in_flight, backend_options=loop)


if __name__ == "__main__":
    main()
