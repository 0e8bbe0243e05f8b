"""Weights learned from what became of the accounts, and how they are written and compared."""

import csv
import math
import shutil
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.health import learning
from scripts.health.challenger import write_version
from scripts.health.comparison import auc, difference, draw_accounts, interval, share
from scripts.health.learning import (
    Champion,
    Fit,
    asked,
    fit,
    is_enough,
    learn,
    out_of_time,
    read,
    readable_weights,
    walk_forward,
)
from scripts.project import ROOT, Places, UserError

SEEDS = ROOT / "seeds" / "reference"
HIGHEST = Decimal("0.4")
CHAMPION = Champion(
    "v1",
    {"use": Decimal("0.4"), "voice": Decimal("0.3"), "touch": Decimal("0.3")},
    Decimal("0.6"),
)


def weights(*coefficients: float, highest: Decimal = HIGHEST) -> dict[str, str]:
    named = dict(zip("abcdef", coefficients, strict=False))
    return {name: str(value) for name, value in readable_weights(named, highest).items()}


def test_weights_are_in_proportion_to_the_coefficients() -> None:
    assert weights(0.8, 0.6, 0.6) == {"a": "0.40", "b": "0.30", "c": "0.30"}


def test_what_rounding_leaves_goes_to_the_largest_remainders() -> None:
    # 20 steps: 6.67 each, so 6 each and two left; then 7.8, 7.2, 5.0
    assert weights(1, 1, 1) == {"a": "0.35", "b": "0.35", "c": "0.30"}
    assert weights(7.2, 7.8, 5.0) == {"a": "0.35", "b": "0.40", "c": "0.25"}


def test_wrong_signs_and_what_rounds_to_nothing_are_left_out() -> None:
    assert weights(1, -3, 1, 0.01, 0.5) == {"a": "0.40", "c": "0.40", "e": "0.20"}


def test_no_weight_is_above_the_highest() -> None:
    # 0.8, 0.15 and 0.05 become 0.4, 0.45 and 0.15, and so 0.4, 0.4 and 0.2
    assert weights(16, 3, 1) == {"a": "0.40", "b": "0.40", "c": "0.20"}


def test_too_few_components_of_the_right_sign_are_refused() -> None:
    with pytest.raises(UserError, match="Nothing can be learned"):
        weights(1, 1, -1)


@given(st.lists(st.floats(0.001, 100), min_size=3, max_size=6))
def test_weights_add_up_to_one_in_readable_steps(coefficients: list[float]) -> None:
    found = readable_weights(dict(zip("abcdef", coefficients, strict=False)), HIGHEST)
    assert sum(found.values()) == 1
    assert all(0 < weight <= HIGHEST and weight % Decimal("0.05") == 0 for weight in found.values())


# Two accounts lost something, two kept; c is unlike the others missed by the first score.
OBSERVED = pd.DataFrame(
    [
        ("a", "2025-01-31", True, 20.0, 10.0),
        ("b", "2025-01-31", False, 30.0, 30.0),
        ("c", "2025-01-31", True, 90.0, 20.0),
        ("d", "2025-01-31", False, 30.0, 20.0),
        ("a", "2025-02-28", True, 30.0, 40.0),
        ("b", "2025-02-28", False, 30.0, 30.0),
    ],
    columns=["account_id", "month_end", "has_lost", "first", "second"],
)


def test_auc_of_a_worked_example() -> None:
    # January: a below b and d: 2 of 2; c above both: 0 of 2. February: a tie: a half of 1.
    assert interval(auc(OBSERVED, "first"), OBSERVED).value == 2.5 / 5
    # January: a 2 of 2, c below b 1 and tied with d 0.5. February: 0 of 1.
    assert interval(auc(OBSERVED, "second"), OBSERVED).value == 3.5 / 5
    both = difference(auc(OBSERVED, "second"), auc(OBSERVED, "first"))
    assert interval(both, OBSERVED).value == pytest.approx(1 / 5)


def test_a_share_of_a_worked_example() -> None:
    flagged = OBSERVED["first"] <= 30
    precision = share(OBSERVED, OBSERVED["has_lost"], flagged)
    assert interval(precision, OBSERVED).value == 2 / 5
    recall = share(OBSERVED, flagged, OBSERVED["has_lost"])
    assert interval(recall, OBSERVED).value == 2 / 3


def test_resampling_equals_drawing_the_rows_themselves() -> None:
    generator = np.random.default_rng(7)
    rows = pd.DataFrame(
        [
            (f"a{account}", month, generator.random() < 0.3, float(generator.integers(10)))
            for account, month in product(range(12), range(4))
            if generator.random() < 0.8
        ],
        columns=["account_id", "month_end", "has_lost", "score"],
    )
    accounts = sorted(rows["account_id"].unique())
    draws = draw_accounts(len(accounts))[:25]
    low = rows["score"] <= 3
    of_auc = auc(rows, "score")(draws)
    of_precision = share(rows, rows["has_lost"], low)(draws)
    for drawn, auc_found, precision_found in zip(draws, of_auc, of_precision, strict=True):
        copies = dict(zip(accounts, drawn, strict=True))
        won, pairs, hits, flags = 0.0, 0, 0, 0
        resampled = [row for row in rows.itertuples() for _ in range(int(copies[row.account_id]))]
        for row in resampled:
            flags += row.score <= 3
            hits += row.score <= 3 and row.has_lost
        for lost, kept in product(resampled, resampled):
            if lost.has_lost and not kept.has_lost and lost.month_end == kept.month_end:
                pairs += 1
                won += (lost.score < kept.score) + (lost.score == kept.score) / 2
        assert auc_found == pytest.approx(won / pairs)
        assert precision_found == pytest.approx(hits / flags)


def test_the_interval_is_the_same_at_every_call_and_holds_the_value() -> None:
    first = interval(auc(OBSERVED, "second"), OBSERVED)
    assert first == interval(auc(OBSERVED, "second"), OBSERVED)
    assert first.low <= first.value <= first.high


def test_nothing_to_judge_has_no_interval() -> None:
    nothing = interval(auc(OBSERVED[:0], "first"), OBSERVED[:0])
    nobody_lost = OBSERVED[~OBSERVED["has_lost"]]
    nothing_lost = interval(auc(nobody_lost, "first"), nobody_lost)
    for found in (nothing, nothing_lost):
        assert all(math.isnan(part) for part in (found.value, found.low, found.high))


def made_up(accounts: int = 60, months: int = 18) -> pd.DataFrame:
    """Little use makes an account lose something, the others do so less; voice is half missing."""
    generator = np.random.default_rng(3)
    rows = []
    for account, month in product(range(accounts), range(months)):
        use, touch, voice = generator.uniform(0, 100, 3)
        risk = 0.5 * (use < 40) + 0.15 * (touch < 40) + 0.15 * (voice < 40)
        month_end = (pd.Timestamp("2024-01-31") + pd.offsets.MonthEnd(month)).to_pydatetime()
        rows.append(
            {
                "account_id": f"a{account:02}",
                "month_end": month_end,
                "window_end_date": month_end + timedelta(days=180),
                "has_lost": generator.random() < risk,
                "champion": 0.4 * use + 0.3 * touch + 0.3 * voice,
                "use": use,
                "voice": voice if account % 2 else np.nan,
                "touch": touch,
                **{asked(name): True for name in CHAMPION.weights},
            }
        )
    return pd.DataFrame(rows)


def test_what_drives_losses_gets_the_most_weight() -> None:
    fitted = fit(made_up(), CHAMPION)
    assert fitted.weights["use"] == HIGHEST
    assert fitted.coefficients["use"] > 2 * fitted.coefficients["touch"] > 0
    assert (fitted.observations, fitted.accounts) == (60 * 18, 60)


def test_weights_start_from_the_champions() -> None:
    """Where the outcome is by chance, they stay near; where it is not, they leave."""
    rows = made_up()
    by_chance = rows.assign(has_lost=np.random.default_rng(5).random(len(rows)) < 0.2)
    by_chance["has_lost"] |= by_chance["champion"] < 35  # the champion's own order, and no more
    near = fit(by_chance, CHAMPION).weights
    assert all(abs(near[name] - CHAMPION.weights[name]) <= Decimal("0.1") for name in near)
    with pytest.raises(UserError, match="0 of the 3 components were lower"):
        fit(rows.assign(use=100 - rows["use"]), CHAMPION)


def test_a_missing_component_pulls_no_coefficient() -> None:
    """It stands at the average, so the fit is that of rows in which it is the average."""
    rows = made_up()
    filled = rows.assign(voice=rows["voice"].fillna(rows["voice"].mean()))
    expected = fit(filled, CHAMPION).coefficients
    assert fit(rows, CHAMPION).coefficients == pytest.approx(expected)


def test_only_windows_that_were_over_are_learned_from() -> None:
    rows = made_up()
    trained_until = date(2024, 12, 31)
    later = rows["window_end_date"] > pd.Timestamp(trained_until)
    assert 0 < later.sum() < len(rows)
    upside_down = rows.assign(has_lost=rows["has_lost"] ^ later)
    assert learn(rows, CHAMPION, trained_until) == learn(upside_down, CHAMPION, trained_until)


def test_too_little_to_learn_from_is_said() -> None:
    with pytest.raises(UserError, match=r"Too little to learn from: by 2024-08-31 .* for 120 obs"):
        learn(made_up(), CHAMPION, date(2024, 8, 31))
    nobody_lost = made_up().assign(has_lost=False)
    with pytest.raises(UserError, match="0 accounts lost something; it takes 300 and 10"):
        learn(nobody_lost, CHAMPION, date(2025, 12, 31))


def test_walk_forward_looks_neither_ahead_nor_at_the_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learned_from: list[pd.DataFrame] = []

    def noting_fit(known: pd.DataFrame, champion: Champion) -> Fit:
        learned_from.append(known)
        return fit(known, champion)

    monkeypatch.setattr(learning, "fit", noting_fit)
    rows = made_up()
    folds = list(walk_forward(rows, CHAMPION))
    for fold, known in zip(folds, learned_from, strict=True):
        assert set(known["account_id"]).isdisjoint(fold.scored["account_id"])
        assert (known["window_end_date"].dt.date <= fold.month_end).all()
        assert (fold.scored["month_end"].dt.date == fold.month_end).all()
    scored = pd.concat(fold.scored for fold in folds)
    months = [day for day in rows["month_end"].unique() if day >= folds[0].scored.month_end.min()]
    assert len(scored) == 60 * len(months)  # each account once a month
    first_known = rows[rows["window_end_date"] <= min(months)]
    assert is_enough(first_known)


def test_out_of_time_begins_after_the_last_day_learned_from() -> None:
    rows = out_of_time(made_up(), CHAMPION, CHAMPION.weights, date(2024, 12, 31))
    assert rows["month_end"].min() == pd.Timestamp("2025-01-31")


def test_a_score_is_made_of_what_is_present() -> None:
    rows = pd.DataFrame(
        {
            "use": [50.0, 50.0, 50.0, np.nan],
            "voice": [100.0, np.nan, np.nan, 10.0],
            "touch": [0.0, 20.0, np.nan, np.nan],
            asked("use"): [True, True, True, True],
            asked("voice"): [True, True, True, True],
            asked("touch"): [True, True, False, False],
        }
    )
    # 20 + 30; (20 + 6) ÷ 0.7; 0.4 of the 0.7 asked are too little; so are 0.3 of 0.7
    found = CHAMPION.score(rows, CHAMPION.weights)
    assert list(found[:2]) == pytest.approx([50, 26 / 0.7])
    assert found[2:].isna().all()


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """A copy of the seeds without a version v9."""
    for name in ("health_models", "health_components", "health_measures", "health_bands"):
        shutil.copy(SEEDS / f"{name}.csv", tmp_path)
    return tmp_path


def rows_of(seeds: Path, seed: str, version: str) -> list[dict[str, str]]:
    with (seeds / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["model_version"] == version]


def champion_version(seeds: Path) -> str:
    with (seeds / "health_models.csv").open(encoding="utf-8", newline="") as file:
        (row,) = [row for row in csv.DictReader(file) if row["status"] == "champion"]
    return row["model_version"]


def learned(champion: list[str]) -> Fit:
    """All weight on the first three components of the champion."""
    values = dict(zip(champion, map(Decimal, ("0.40", "0.35", "0.25")), strict=False))
    return Fit(dict.fromkeys(champion, 1.0), values, 400, 40, 90, 12)


def test_a_version_is_written_for_a_person_to_approve(seeds: Path) -> None:
    champion = champion_version(seeds)
    before = {path.name: path.read_text(encoding="utf-8") for path in seeds.iterdir()}
    components = [row["component"] for row in rows_of(seeds, "health_components", champion)]
    write_version(seeds, "v9", champion, learned(components), date(2025, 6, 30))

    (model,) = rows_of(seeds, "health_models", "v9")
    assert (model["status"], model["approved_by"], model["approved_on"]) == ("challenger", "", "")
    assert (model["trained_until"], model["effective_from"]) == ("2025-06-30", "2025-07-01")
    written = rows_of(seeds, "health_components", "v9")
    assert [row["component"] for row in written] == components[:3]
    assert sum(Decimal(row["weight"]) for row in written) == 1
    for seed in ("health_measures", "health_bands"):
        copied = [row | {"model_version": "v9"} for row in rows_of(seeds, seed, champion)]
        of_learned = [r for r in copied if r.get("component", components[0]) in components[:3]]
        assert rows_of(seeds, seed, "v9") == of_learned
    for name, text in before.items():  # what was there stays, to the byte
        assert (seeds / name).read_text(encoding="utf-8").startswith(text)


def test_writing_again_changes_nothing_and_learning_anew_replaces(seeds: Path) -> None:
    champion = champion_version(seeds)
    components = [row["component"] for row in rows_of(seeds, "health_components", champion)]
    write_version(seeds, "v9", champion, learned(components), date(2025, 6, 30))
    first = {path.name: path.read_text(encoding="utf-8") for path in seeds.iterdir()}
    write_version(seeds, "v9", champion, learned(components), date(2025, 6, 30))
    assert {path.name: path.read_text(encoding="utf-8") for path in seeds.iterdir()} == first
    write_version(seeds, "v9", champion, learned(components[::-1]), date(2025, 6, 30))
    assert len(rows_of(seeds, "health_models", "v9")) == 1
    assert {row["component"] for row in rows_of(seeds, "health_components", "v9")} == set(
        components[-3:]
    )


@pytest.mark.parametrize("status", ["champion", "retired", "baseline", "challenger"])
def test_what_a_person_decided_on_is_not_written_over(seeds: Path, status: str) -> None:
    champion = champion_version(seeds)
    components = [row["component"] for row in rows_of(seeds, "health_components", champion)]
    write_version(seeds, "v9", champion, learned(components), date(2025, 6, 30))
    models = seeds / "health_models.csv"
    text = models.read_text(encoding="utf-8")
    approval = text.replace("v9,challenger", f"v9,{status}")
    (model,) = rows_of(seeds, "health_models", "v9")
    if status == "challenger":
        approval = approval.replace(
            f"{model['owner']},,,{model['description']}",
            f"{model['owner']},A person,2025-07-02,{model['description']}",
        )
    models.write_text(approval, encoding="utf-8")
    with pytest.raises(UserError, match=rf"version v9: it is {status}.*not written over"):
        write_version(seeds, "v9", champion, learned(components), date(2025, 6, 30))
    assert models.read_text(encoding="utf-8") == approval


def test_the_champions_score_is_made_anew_exactly(warehouse: duckdb.DuckDBPyConnection) -> None:
    champion, observations = read(Places.of().work_file)
    assert len(observations) > 1000
    score = champion.score(observations, champion.weights)
    # Components are kept to four decimals.
    assert score.to_list() == pytest.approx(observations["champion"].to_list(), abs=0.001)


def test_the_demos_challenger_is_what_the_command_writes(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """v3 as committed is the command's output, and a person's approval."""
    (model,) = rows_of(SEEDS, "health_models", "v3")
    assert model["status"] == "challenger"
    assert model["approved_on"] > model["trained_until"]
    champion, observations = read(Places.of().work_file)
    fitted = learn(observations, champion, date.fromisoformat(model["trained_until"]))
    committed = {
        row["component"]: Decimal(row["weight"])
        for row in rows_of(SEEDS, "health_components", "v3")
    }
    assert committed == fitted.weights
    assert (
        f"{fitted.observations} observations of {fitted.accounts} accounts"
        in (model["description"])
    )
    # In the demo, low quality lowers every component before an account loses anything.
    assert min(fitted.coefficients.values()) > 0


def test_each_component_of_the_demo_is_lower_where_something_is_lost_later(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """The planted drivers, each for itself: nothing here starts from the champion's weights."""
    champion, observations = read(Places.of().work_file)
    for component in champion.weights:
        rows = observations[observations[component].notna()]
        assert interval(auc(rows, component), rows).value > 0.5, component


def test_the_demos_challenger_beats_the_champion_on_what_it_never_saw(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    champion, observations = read(Places.of().work_file)
    weights = {
        row["component"]: Decimal(row["weight"])
        for row in rows_of(SEEDS, "health_components", "v3")
    }
    (model,) = rows_of(SEEDS, "health_models", "v3")
    trained_until = date.fromisoformat(model["trained_until"])
    later = out_of_time(observations, champion, weights, trained_until)
    scored = later[later["learned"].notna()]
    assert len(scored) > 500
    gained = difference(auc(scored, "learned"), auc(scored, "champion"))
    assert interval(gained, scored).value > 0
