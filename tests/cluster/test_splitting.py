"""Every conversation is in one range, every actor can serve every stage, no slot is given away twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.cluster.split import actors_of, anywhere, ranges, shard_of, shards_of, shares
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings
from funcdex.settings.tree import RaySettings
from funcdex.stages.plan import id_of

URLS = st.integers(1, 12).map(lambda count: [f"http://gpu{n}:8000" for n in range(count)])


@given(st.integers(1, 300), st.sets(st.integers(1, 300)), st.integers(1, 20))
def test_ranges_have_every_index_once_and_about_as_much_left_to_do(
    count: int, done: set[int], parts: int
) -> None:
    settled = {id_of(index) for index in done}
    found = ranges(count, settled, parts)
    assert [index for each in found for index in each] == list(range(1, count + 1))
    left = [sum(id_of(index) not in settled for index in each) for each in found]
    assert max(left) - min(left) <= 1 and len(found) <= max(1, sum(left))


@given(URLS, st.integers(1, 20), st.integers(20, 500) | st.none())
def test_slots_are_shared_out_and_never_twice(urls: list[str], actors: int, limit: int | None) -> None:
    specs = [EndpointSpec(url=url, max_in_flight=limit) for url in urls]
    dealt = shares(specs, actors, PoolSettings())
    assert len(dealt) == actors and all(dealt)
    if limit is None or actors <= len(urls):
        assert {spec.url for share in dealt for spec in share} == set(urls)
    for url in urls:
        given_away = [spec.max_in_flight for share in dealt for spec in share if spec.url == url]
        assert limit is None or sum(map(int, filter(None, given_away))) == limit


def test_every_actor_can_serve_every_stage() -> None:
    writers = [EndpointSpec(url=f"http://w{n}:1", stages=("scenario", "conversation")) for n in range(5)]
    judge = EndpointSpec(url="http://j:1", stages=("judge",), max_in_flight=9)
    dealt = shares([*writers, judge], 4, PoolSettings())
    assert all({stage for spec in share for stage in spec.stages} >= {"judge", "scenario"} for share in dealt)
    assert sum(spec.max_in_flight or 0 for share in dealt for spec in share) == 9


@pytest.mark.parametrize("listing", ["file:/shared/workers.txt", "dns:vllm.ml.svc:8000", "command:list it"])
def test_what_lists_endpoints_is_followed_by_every_actor(listing: str) -> None:
    named = [EndpointSpec(url=f"http://gpu{n}:8000") for n in range(3)]
    listed = EndpointSpec(url=listing, max_in_flight=10)
    dealt = shares([*named, listed, EndpointSpec(url="srv:_http._tcp.more")], 3, PoolSettings())
    for number, share in enumerate(dealt):
        assert [spec.url for spec in share] == [named[number].url, listing, "srv:_http._tcp.more"]
    assert sum(spec.max_in_flight or 0 for share in dealt for spec in share) == 10


def test_a_list_is_found_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = anywhere(EndpointSpec(url="file:lists/workers.txt", max_in_flight=4))
    assert found == EndpointSpec(url=f"file:{tmp_path}/lists/workers.txt", max_in_flight=4)
    for url in ("http://gpu:8000", "command:./list it", "dns:vllm:8000"):
        assert anywhere(EndpointSpec(url=url)) == EndpointSpec(url=url)


def test_a_limit_of_the_pool_is_shared_like_one_of_the_endpoint() -> None:
    dealt = shares([EndpointSpec(url="http://a:1")], 3, PoolSettings(max_in_flight=8))
    assert [share[0].max_in_flight for share in dealt] == [3, 3, 2]


def test_there_is_one_actor_a_node_and_more_for_very_many_endpoints() -> None:
    free = RaySettings()
    assert actors_of(free, endpoints=4, nodes=3, left=1000) == 3
    assert actors_of(free, endpoints=1000, nodes=3, left=10**7) == 63
    assert actors_of(free, endpoints=1000, nodes=3, left=2) == 2
    assert actors_of(RaySettings(actors=7), endpoints=4, nodes=3, left=1000) == 7


def test_toolkit_sets_take_turns_among_those_who_decide() -> None:
    groups = ["a", "b", "a+b", "c"]
    assert [shard_of(group, groups, 3) for group in groups] == [0, 1, 2, 0]
    assert shards_of(RaySettings(), actors=100, groups=4) == 4
    assert shards_of(RaySettings(dedup_actors=2), actors=100, groups=4) == 2
    assert shards_of(RaySettings(), actors=3, groups=40) == 1
