"""sdg-hub: one `LLMChatBlock` over a data frame of messages, asynchronous.

Set in its favour: the block by itself, without a flow around it; retries and progress bar off; litellm's
provider for vLLM, which costs less than the one for OpenAI; no look at prices on the network.
"""

from __future__ import annotations

import os

os.environ |= {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
    "LOG_LEVEL": "ERROR",
    "TQDM_DISABLE": "1",
}

import pandas as pd
from overhead.asked import ANSWER, MAX_TOKENS, PROMPT, SYSTEM, options_of
from sdg_hub.core.blocks import LLMChatBlock


def main() -> None:
    """Sends them all."""
    options = options_of(__doc__)
    options.add_argument("--provider", default="hosted_vllm", help="litellm's: hosted_vllm or openai")
    asked = options.parse_args()
    block = LLMChatBlock(
        block_name="write",
        input_cols="messages",
        output_cols="answer",
        model=f"{asked.provider}/mock",
        api_base=f"{asked.url}/v1",
        api_key="none",
        async_mode=True,
        num_retries=0,
        max_tokens=MAX_TOKENS,
    )
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": PROMPT}]
    rows = pd.DataFrame({"messages": [messages] * asked.requests})
    answers = block.generate(rows, _flow_max_concurrency=asked.in_flight)["answer"]
    assert [answer[0]["content"] for answer in answers] == [ANSWER] * asked.requests


if __name__ == "__main__":
    main()
