"""What the /metrics pages of servers say about their load."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from funcdex.endpoints.load import ServerLoad, load_of

VLLM = b"""# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a } 7 b"} 12.0
vllm:num_requests_running{engine="1",model_name="a } 7 b"} 3.0
vllm:num_requests_waiting{engine="0",model_name="a } 7 b"} 2.0
vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 99.0
vllm:kv_cache_usage_perc{engine="0"} 0.25
vllm:kv_cache_usage_perc{engine="1"} 0.75
vllm:num_preemptions_total{engine="0"} 5.0
vllm:e2e_request_latency_seconds_bucket{le="0.3"} 9.0
"""


def test_vllm_tells_all_and_its_engines_are_added_up() -> None:
    assert load_of(VLLM) == ServerLoad(running=15, waiting=2, preemptions=5, kv_used=0.75)


def test_llama_server_and_sglang_have_names_of_their_own() -> None:
    assert load_of(b"llamacpp:requests_processing 4\nllamacpp:requests_deferred 1\n") == ServerLoad(4, 1)
    page = b'sglang:num_running_reqs{a="b"} 9\nsglang:num_queue_reqs 0\nsglang:token_usage 0.5\n'
    assert load_of(page) == ServerLoad(9, 0, kv_used=0.5)


def test_a_page_that_does_not_tell_is_no_load() -> None:
    assert load_of(b"") is None
    assert load_of(b"vllm:num_requests_running NaN\nvllm:num_requests_waiting 1\n") is None
    assert load_of(b"vllm:num_requests_running\nvllm:num_requests_waiting -1\n") is None


@given(page=st.binary() | st.text().map(str.encode).map(lambda text: VLLM + text))
def test_no_page_is_too_strange(page: bytes) -> None:
    load_of(page)
