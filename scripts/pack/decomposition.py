"""Splits the change of a metric into the parts that its segments or accounts have in it.

The parts add up to the change, exactly: they are fractions, and are rounded only to be shown, and
then so that the rounded ones add up too.

A sum changes by what each part's own value changes. A ratio R = N / D of parts n and d changes by

    part = n₁/D₁ − n₀/D₀ − R̄ (d₁/D₁ − d₀/D₀),   R̄ = (R₀ + R₁) / 2.

Those add up because the shares d/D add up to one before and after. Where a part has a rate n/d
both times, its part is the sum of what its own rate changed, weighted by its mean share, and of
what the change of its share brought, being better or worse than the whole; a part that came or
went has only the latter. (The symmetric form of the mix and rate analysis; see e.g. Das Gupta,
Standardization and Decomposition of Rates, U.S. Census Bureau, 1993.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

Inputs = tuple[Fraction, Fraction]  # numerator and denominator
NOTHING = (Fraction(0), Fraction(0))


@dataclass(frozen=True)
class Part:
    """What one segment or account has in a change; `rate` + `mix` = `change` for a ratio."""

    key: str | None  # none for what has no segment or account
    before: Fraction | None
    after: Fraction | None
    change: Fraction
    rate: Fraction | None = None
    mix: Fraction | None = None


def of_sum(
    before: Mapping[str | None, Fraction], after: Mapping[str | None, Fraction]
) -> list[Part]:
    """The parts of a sum's change: one for each key that is in either, absent ones as nothing."""
    return [
        Part(key, old, new, new - old)
        for key in _keys(before, after)
        for old, new in [(before.get(key, Fraction(0)), after.get(key, Fraction(0)))]
    ]


def of_ratio(before: Mapping[str | None, Inputs], after: Mapping[str | None, Inputs]) -> list[Part]:
    """The parts of a ratio's change, given the inputs of each part.

    There are none if the whole has no denominator before or after: then it has no change.
    """
    (whole_old, base_old), (whole_new, base_new) = (_total(each) for each in (before, after))
    if not base_old or not base_new:
        return []
    middle = (whole_old / base_old + whole_new / base_new) / 2
    parts = []
    for key in _keys(before, after):
        (n0, d0), (n1, d1) = before.get(key, NOTHING), after.get(key, NOTHING)
        change = n1 / base_new - n0 / base_old - middle * (d1 / base_new - d0 / base_old)
        rate = (
            (n1 / d1 - n0 / d0) * (d0 / base_old + d1 / base_new) / 2 if d0 and d1 else Fraction(0)
        )
        old, new = n0 / d0 if d0 else None, n1 / d1 if d1 else None
        parts.append(Part(key, old, new, change, rate, change - rate))
    return parts


def rounded(parts: Sequence[Fraction], decimals: int) -> list[Decimal]:
    """The parts rounded so that they add up to their rounded sum (largest remainders first)."""
    step = Fraction(10) ** decimals
    floors = [_floor(part * step) for part in parts]
    whole = sum(parts, Fraction(0)) * step
    half_up = _floor(abs(whole) + Fraction(1, 2)) * (1 if whole > 0 else -1)
    missing = half_up - sum(floors)
    remainders = [part * step - floor for part, floor in zip(parts, floors, strict=True)]
    largest = sorted(range(len(parts)), key=lambda i: (-remainders[i], i))[:missing]
    return [
        Decimal(floor + (index in largest)).scaleb(-decimals) for index, floor in enumerate(floors)
    ]


def _floor(number: Fraction) -> int:
    return number.numerator // number.denominator


def _keys(*maps: Mapping[str | None, object]) -> list[str | None]:
    found = {key for each in maps for key in each}
    return sorted(found, key=lambda key: (key is None, key or ""))


def _total(inputs: Mapping[str | None, Inputs]) -> Inputs:
    return (
        sum((n for n, _ in inputs.values()), Fraction(0)),
        sum((d for _, d in inputs.values()), Fraction(0)),
    )
