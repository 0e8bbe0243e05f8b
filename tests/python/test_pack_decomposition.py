"""The parts of a change add up to it, exactly, and say what a person would work out by hand."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.pack.decomposition import of_ratio, of_sum, rounded

F = Fraction


def test_a_sum_changes_by_what_its_parts_change() -> None:
    """MRR of 100 + 50 becomes 80 + 90: the segment that vanished counts, the new one too."""
    parts = of_sum({"smb": F(100), "gone": F(50)}, {"smb": F(80), "new": F(90)})
    assert {part.key: part.change for part in parts} == {"smb": -20, "gone": -50, "new": 90}


def test_a_ratio_by_hand() -> None:
    """8 of 10 tickets met, then 9 of 15.

    smb: 6 of 8 (75 %), then 3 of 5 (60 %); enterprise: 2 of 2, then 6 of 10 (60 %).
    80 % became 60 %, so the middle is 70 %.
    smb's rate fell 15 pp with a mean share of (8/10 + 5/15)/2 = 17/30: −8.5 pp; its share fell
    by 8/10 − 1/3 = 7/15 while its mean rate of 67.5 % is 2.5 pp below the middle: +7/600.
    """
    smb, enterprise = sorted(
        of_ratio(
            {"smb": (F(6), F(8)), "enterprise": (F(2), F(2))},
            {"smb": (F(3), F(5)), "enterprise": (F(6), F(10))},
        ),
        key=lambda part: part.key != "smb",
    )
    assert (smb.rate, smb.mix) == (F(-85, 1000), F(7, 600))
    # enterprise: −40 pp × (2/10 + 10/15)/2 = −52/300; + (80 % − 70 %) × (2/3 − 1/5) = 14/300.
    assert (enterprise.rate, enterprise.mix) == (F(-52, 300), F(14, 300))
    assert smb.change + enterprise.change == F(-20, 100)


def test_a_part_that_comes_or_goes_has_no_rate_of_its_own() -> None:
    """90 of 100, and 0 of 10 that left: 90/110 becomes 90/100."""
    stayed, gone = sorted(
        of_ratio({"a": (F(90), F(100)), "b": (F(0), F(10))}, {"a": (F(90), F(100))}),
        key=lambda part: part.key or "",
    )
    assert gone.rate == 0
    assert gone.mix == gone.change > 0  # what left was worse than the rest
    assert stayed.rate == 0  # its rate didn't change
    assert stayed.change + gone.change == F(90, 100) - F(90, 110)


def test_nothing_to_divide_by_has_no_parts() -> None:
    assert of_ratio({}, {"a": (F(1), F(2))}) == []
    assert of_ratio({"a": (F(1), F(2))}, {"a": (F(0), F(0))}) == []


amounts = st.fractions(min_value=-1000, max_value=1000, max_denominator=100)
keys = st.sampled_from(["a", "b", "c", None])
inputs = st.dictionaries(keys, st.tuples(amounts, amounts.map(abs)), max_size=4)


@settings(max_examples=40)
@given(inputs, inputs)
def test_parts_of_any_ratio_add_up(before: dict, after: dict) -> None:
    (n0, d0), (n1, d1) = (
        [sum((pair[i] for pair in each.values()), F(0)) for i in (0, 1)] for each in (before, after)
    )
    parts = of_ratio(before, after)
    if d0 and d1:
        assert sum(part.change for part in parts) == n1 / d1 - n0 / d0
        assert all(part.rate + part.mix == part.change for part in parts)
        assert {part.key for part in parts} == {*before, *after}
    else:
        assert parts == []


@settings(max_examples=40)
@given(st.dictionaries(keys, amounts), st.dictionaries(keys, amounts))
def test_parts_of_any_sum_add_up(before: dict, after: dict) -> None:
    changed = sum(after.values(), F(0)) - sum(before.values(), F(0))
    assert sum((part.change for part in of_sum(before, after)), F(0)) == changed


def test_rounded_parts_add_up_to_the_rounded_whole() -> None:
    thirds = [F(1, 3)] * 3
    assert rounded(thirds, 2) == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]
    assert rounded([F(5, 2), F(-1), F(0)], 0) == [3, -1, 0]  # 1.5 is 2
    assert rounded([F(-3, 4), F(-3, 4)], 0) == [-1, -1]  # −1.5 is −2, as change_text writes it
    assert rounded([], 2) == []


@settings(max_examples=40)
@given(st.lists(amounts, max_size=8), st.integers(min_value=0, max_value=3))
def test_rounding_moves_no_part_by_a_step(parts: list[Fraction], decimals: int) -> None:
    shown = rounded(parts, decimals)
    step = F(1, 10**decimals)
    assert all(abs(F(each) - part) < step for each, part in zip(shown, parts, strict=True))
    whole = sum(parts, F(0))
    assert abs(sum(map(F, shown), F(0)) - whole) <= step / 2


@pytest.mark.parametrize("whole", [F(-1, 2), F(1, 2)])
def test_halves_are_rounded_away_from_nothing(whole: Fraction) -> None:
    assert rounded([whole], 0) == [1 if whole > 0 else -1]
