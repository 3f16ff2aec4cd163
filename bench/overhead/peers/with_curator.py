"""bespokelabs-curator: one `LLM` over a data set of prompts, its OpenAI backend, online.

Set in its favour: no cache, no telemetry, no rich display, no viewer; limits of requests and tokens per
minute that never bind; as many concurrent requests as asked; retries off. It counts each prompt's tokens for
its rate limit, which cannot be turned off, here with the vocabulary that comes with litellm, and asks once
for an empty completion to learn the server's limits.
"""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ |= {
    "CURATOR_DISABLE_CACHE": "1",
    "CURATOR_DISABLE_RICH_DISPLAY": "1",
    "CURATOR_VIEWER": "0",
    "TELEMETRY_ENABLED": "false",
    "HF_HUB_OFFLINE": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}

LITELLM = find_spec("litellm")
if LITELLM is not None and LITELLM.origin is not None:
    os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(LITELLM.origin).parent / "litellm_core_utils" / "tokenizers")

from bespokelabs import curator  # noqa: E402
from overhead.asked import ANSWER, MAX_TOKENS, PROMPT, SYSTEM, options_of  # noqa: E402

UNBOUND = 10**9


class Writer(curator.LLM):  # type: ignore[misc]
    """The prompt of each row."""

    def prompt(self, input: dict[str, Any]) -> list[dict[str, str]]:
        """See `curator.LLM`."""
        return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": input["prompt"]}]

    def parse(self, input: dict[str, Any], response: str) -> dict[str, str]:
        """See `curator.LLM`."""
        return {"text": response}


def main() -> None:
    """Sends them all."""
    asked = options_of(__doc__).parse_args()
    writer = Writer(
        model_name="mock",
        backend="openai",
        generation_params={"max_tokens": MAX_TOKENS},
        backend_params={
            "base_url": f"{asked.url}/v1",
            "api_key": "none",
            "max_requests_per_minute": UNBOUND,
            "max_tokens_per_minute": UNBOUND,
            "max_concurrent_requests": asked.in_flight,
            "max_retries": 0,
        },
    )
    with tempfile.TemporaryDirectory() as folder:
        answers = writer([{"prompt": PROMPT} for _ in range(asked.requests)], working_dir=folder)
        assert [row["text"] for row in answers.dataset] == [ANSWER] * asked.requests


if __name__ == "__main__":
    main()
