"""What the tests of the simulated endpoint share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from funcdex.sim.generation import Generation, generate
from funcdex.sim.request import read_request

Answer = Callable[..., Generation]


@pytest.fixture
def answer() -> Answer:
    """Answers one chat request without a server. Keywords are fields of the body; `prompt` is the message."""

    def _answer(
        prompt: str = "Write something.", *, obey: bool = True, ramble: bool = False, **fields: Any
    ) -> Generation:
        body = {"messages": [{"role": "user", "content": prompt}], "max_tokens": 4000, **fields}
        request = read_request(orjson.dumps(body), chat=True, max_model_len=32_768)
        return generate(request, seed=0, obey=obey, ramble=ramble)

    return _answer
