"""distilabel: a pipeline of a generator and one `TextGeneration` with its `OpenAILLM`.

Set in its favour: no cache; batches of as many rows as may be in flight, since it sends a batch at once and
waits for its end; one replica; retries off; raw inputs and outputs not kept. Its steps run in processes of
their own, whose CPU is counted.
"""

from __future__ import annotations

import os

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "DISTILABEL_LOG_LEVEL": "ERROR",
}

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration
from overhead.asked import ANSWER, MAX_TOKENS, PROMPT, SYSTEM, options_of


def main() -> None:
    """Sends them all."""
    asked = options_of(__doc__).parse_args()
    with Pipeline(name="overhead") as pipeline:
        rows = LoadDataFromDicts(
            data=[{"instruction": PROMPT} for _ in range(asked.requests)], batch_size=asked.in_flight
        )
        writer = OpenAILLM(
            model="mock",
            base_url=f"{asked.url}/v1",
            api_key="none",
            max_retries=0,
            generation_kwargs={"max_new_tokens": MAX_TOKENS},
        )
        write = TextGeneration(
            llm=writer,
            system_prompt=SYSTEM,
            input_batch_size=asked.in_flight,
            add_raw_input=False,
            add_raw_output=False,
        )
        rows >> write
    answers = pipeline.run(use_cache=False)
    assert [row["generation"] for row in answers["default"]["train"]] == [ANSWER] * asked.requests


if __name__ == "__main__":
    main()
