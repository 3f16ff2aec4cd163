"""The roster: who joins and who leaves by what a source lists, and how flapping is damped."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from funcdex.discovery.roster import LONGEST_WAIT_S, Change, Roster
from funcdex.settings.endpoint_spec import EndpointSpec

A, B = EndpointSpec(url="http://a:1"), EndpointSpec(url="http://b:1")


def test_who_is_listed_joins_at_once_and_once() -> None:
    roster = Roster(leave_after_s=5)
    assert roster.observe([A], 0.0) == Change(joined=(A,))
    assert roster.observe([A, B], 2.0) == Change(joined=(B,))
    assert roster.observe([A, B], 4.0) == Change()


def test_who_is_missing_leaves_after_a_while() -> None:
    roster = Roster(leave_after_s=5)
    roster.observe([A, B], 0.0)
    assert roster.observe([B], 2.0) == Change()
    assert roster.observe([B], 6.9) == Change()
    assert roster.observe([B], 7.0) == Change(left=(A,))


def test_a_list_that_was_read_half_written_changes_nothing() -> None:
    roster = Roster(leave_after_s=5)
    roster.observe([A, B], 0.0)
    assert roster.observe([], 2.0) == Change()
    assert roster.observe([A, B], 4.0) == Change()
    assert roster.observe([A], 100.0) == Change()


def test_who_comes_back_once_joins_at_once() -> None:
    roster = Roster(leave_after_s=0)
    roster.observe([A], 0.0)
    assert roster.observe([], 2.0) == Change(left=(A,))
    assert roster.observe([A], 4.0) == Change(joined=(A,))


def test_who_comes_and_goes_waits_longer_each_time_and_a_quiet_while_is_forgiven() -> None:
    roster, now_s, waits = Roster(leave_after_s=0), 0.0, []
    roster.observe([A], now_s)
    for _ in range(7):
        now_s += 1
        roster.observe([], now_s)
        left_s = now_s
        while A not in roster.members:
            now_s += 1
            roster.observe([A], now_s)
        waits.append(now_s - left_s)
    assert waits == [1, 5, 10, 20, 40, LONGEST_WAIT_S, LONGEST_WAIT_S]
    now_s += 1000
    roster.observe([], now_s)
    assert roster.observe([A], now_s + 1) == Change(joined=(A,))


@given(st.lists(st.tuples(st.sets(st.sampled_from([A, B])), st.floats(0, 20)), max_size=50))
def test_changes_add_up_to_the_members(looks: list[tuple[set[EndpointSpec], float]]) -> None:
    roster, members, now_s = Roster(leave_after_s=5), set[EndpointSpec](), 0.0
    for listed, wait_s in looks:
        now_s += wait_s
        change = roster.observe(listed, now_s)
        assert not members.intersection(change.joined) and members.issuperset(change.left)
        assert listed.issuperset(change.joined) and listed.isdisjoint(change.left)
        members = (members | set(change.joined)) - set(change.left)
        assert members == set(roster.members)
