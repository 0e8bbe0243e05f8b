"""What the reports on the health score say, worked out a second time with scikit-learn, SciPy and
numpy from the public marts of scores, components, outcomes and losses.
"""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import brier_score_loss, precision_score, recall_score, roc_auc_score

from scripts.project import ROOT

FEWEST, FEWEST_CHURNS, FEWEST_FOR_STABILITY = 10, 5, 50
HORIZONS = (90, 180, 365)
OUTCOMES = {"churned": "has_churned", "churned_or_contracted": "has_lost"}
EDGES = [0, 20, 40, 60, 80, 100]
KEYS = ["model_version", "horizon_days", "outcome", "segment", "sample"]


def seed(name: str) -> list[dict[str, str]]:
    with (ROOT / "seeds" / "reference" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


MODELS = {row["model_version"]: row for row in seed("health_models")}
BASELINES = [version for version, row in MODELS.items() if row["status"] == "baseline"]
CHAMPION = next(version for version, row in MODELS.items() if row["status"] == "champion")
TRAINED_UNTIL = max(
    (date.fromisoformat(row["trained_until"]) for row in MODELS.values() if row["trained_until"]),
    default=date.max,
)


@pytest.fixture(scope="module")
def scores(warehouse: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Each scored account at each month end, by version."""
    rows = warehouse.execute(
        "select model_version, account_id, observation_date as month_end, score::double as score, "
        "band, coalesce(segment, 'unknown') as segment, csm_id from marts.fct_health_scores "
        "where period_type = 'month_end' and score is not null"
    ).df()
    rows["month_end"] = rows.month_end.dt.date
    same_month = rows.groupby(["model_version", "month_end"]).score
    lower = same_month.rank(method="min") - 1
    rows["decile"] = (10 * lower // same_month.transform("size")).astype(int) + 1
    return rows


@pytest.fixture(scope="module")
def observations(warehouse: duckdb.DuckDBPyConnection, scores: pd.DataFrame) -> pd.DataFrame:
    """Scores whose window is over, with what came and what was to be expected."""
    outcomes = warehouse.execute(
        "select account_id, month_end, horizon_days, window_end_date, has_churned, has_lost, "
        "mrr_lost::double as mrr_lost from marts.fct_health_outcomes"
    ).df()
    for column in ("month_end", "window_end_date"):
        outcomes[column] = outcomes[column].dt.date
    rows = scores.merge(outcomes, on=["account_id", "month_end"])
    rows["is_out_of_time"] = rows.month_end > TRAINED_UNTIL
    columns = list(OUTCOMES.values())
    shares = {}
    for (version, horizon), same in rows.groupby(["model_version", "horizon_days"]):
        for day in same.month_end.unique():
            known = same[same.window_end_date <= day]
            shares[version, horizon, day, "all"] = known[columns].mean()
            for band, part in known.groupby("band"):
                shares[version, horizon, day, band] = part[columns].mean()
    for column in columns:
        for name, bands in (("base", ["all"] * len(rows)), ("expected", rows.band)):
            places = zip(rows.model_version, rows.horizon_days, rows.month_end, bands, strict=True)
            found = [shares[place][column] if place in shares else np.nan for place in places]
            rows[f"{name}_{column}"] = np.array(found, dtype=float)
    return rows


def groups(observations: pd.DataFrame) -> Iterator[tuple[tuple, str, pd.DataFrame]]:
    """Each version, horizon, outcome, segment and sample, with its observations."""
    for sample in ("all_history", "out_of_time"):
        sampled = observations
        if sample == "out_of_time":
            sampled = observations[observations.is_out_of_time]
        for (version, horizon), rows in sampled.groupby(["model_version", "horizon_days"]):
            for outcome, column in OUTCOMES.items():
                for segment in ("all", *rows.segment.unique()):
                    part = rows if segment == "all" else rows[rows.segment == segment]
                    yield (version, horizon, outcome, segment, sample), column, part


def by_month(rows: pd.DataFrame) -> list[tuple[date, dict[str, np.ndarray]]]:
    """Each month end with its columns as arrays."""
    return [
        (day, {column: month[column].to_numpy() for column in rows.columns})
        for day, month in rows.groupby("month_end")
    ]


def auc(
    months: list[tuple[date, dict[str, np.ndarray]]],
    column: str,
    sample: str,
    segment: str = "all",
    score: str = "score",
) -> float:
    """Share of the pairs of each month end in which the kept account scored higher, ties half.

    A segment's lost accounts are compared with all kept ones.
    """
    right, pairs = 0.0, 0
    for day, month in months:
        if sample == "all_history" or day > TRAINED_UNTIL:
            scored = ~np.isnan(month[score])
            of_segment = (segment == "all") | (month["segment"] == segment)
            lost = month[score][scored & of_segment & month[column]]
            kept = month[score][scored & ~month[column]]
            right += np.sum(lost[:, None] < kept) + np.sum(lost[:, None] == kept) / 2
            pairs += len(lost) * len(kept)
    return right / pairs if pairs else np.nan


def wilson(hits: int, tries: int) -> tuple[float, float]:
    interval = binomtest(hits, tries).proportion_ci(0.95, method="wilson")
    return interval.low, interval.high


def in_cut(rows: pd.DataFrame, cut: str) -> pd.Series:
    if cut == "lowest_decile":
        return rows.decile == 1
    return rows.band.isin({"red": ["red"], "red_or_yellow": ["red", "yellow"]}[cut])


def too_few(*counts: tuple[str, int, int]) -> str | None:
    words = [f"too few {name}: {number} of {least}" for name, number, least in counts]
    return "; ".join(w for w, (_, n, least) in zip(words, counts, strict=True) if n < least) or None


def assert_same(found: dict[str, Any], expected: dict[str, Any], key: tuple) -> None:
    for column, value in expected.items():
        if value is None or isinstance(value, (str, bool, date)):
            assert found[column] == value, (key, column)
        else:
            places = 5.1e-5 if column == "lift" or column.endswith("csm_month") else 1e-6
            assert float(found[column]) == pytest.approx(float(value), abs=places), (key, column)


def report(warehouse: duckdb.DuckDBPyConnection, name: str, keys: list[str]) -> dict[tuple, dict]:
    rows = warehouse.execute(f"select * from marts.{name}")
    names = [column[0] for column in rows.description or []]
    found = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    return {tuple(row[key] for key in keys): row for row in found}


def test_the_backtest(
    warehouse: duckdb.DuckDBPyConnection, scores: pd.DataFrame, observations: pd.DataFrame
) -> None:
    reported = report(warehouse, "rpt_health_backtest", [*KEYS, "cut"])
    churns = lead_times(warehouse, scores)
    beside = observations.copy()
    by_place = ["account_id", "month_end"]
    for baseline in BASELINES:
        theirs = scores[scores.model_version == baseline].set_index(by_place).score
        beside[baseline] = pd.MultiIndex.from_frame(beside[by_place]).map(theirs)
    months = {
        key: by_month(rows) for key, rows in beside.groupby(["model_version", "horizon_days"])
    }
    for key, column, rows in groups(beside):
        version, horizon, _, segment, sample = key
        happened = rows[column]
        forecast = rows[rows[f"expected_{column}"].notna()]
        accounts = rows.account_id.nunique()
        lost = rows[happened].account_id.nunique()
        kept = rows[~happened].account_id.nunique()
        foreseen = forecast.account_id.nunique()
        with_csm = rows[rows.csm_id.notna()]
        csm_months = len(with_csm[["csm_id", "month_end"]].drop_duplicates())
        expected: dict[str, Any] = {
            "model_status": MODELS[version]["status"],
            "observations": len(rows),
            "accounts": accounts,
            "lost_observations": happened.sum(),
            "lost_accounts": lost,
            "base_rate": happened.mean() if accounts >= FEWEST else None,
            "forecast_observations": len(forecast),
            "mrr_lost": rows[happened].mrr_lost.sum(),
            "csm_months": csm_months,
            "first_month_end": rows.month_end.min(),
            "last_month_end": rows.month_end.max(),
            **dict.fromkeys(("auc", "auc_best_baseline", "beats_baselines")),
            **dict.fromkeys(("brier_score", "brier_reference")),
        }
        if min(lost, kept) >= FEWEST:
            expected["auc"] = auc(months[version, horizon], column, sample, segment)
            if version not in BASELINES:
                best = np.nanmax(
                    [
                        auc(months[version, horizon], column, sample, segment, name)
                        for name in BASELINES
                    ]
                )
                expected["auc_best_baseline"] = best
                expected["beats_baselines"] = bool(expected["auc"] > best)
        if min(lost, foreseen) >= FEWEST:
            for name, share in (("brier_score", "expected"), ("brier_reference", "base")):
                expected[name] = np.mean((forecast[f"{share}_{column}"] - forecast[column]) ** 2)
        for cut in ("red", "red_or_yellow", "lowest_decile"):
            flagged = in_cut(rows, cut)
            callable_ = in_cut(with_csm, cut) & ~with_csm[column]
            days = churns[(version, horizon, sample, cut)]
            if segment != "all":
                days = [row for row in days if row[0] == segment]
            leads = [lead for _, lead in days if lead is not None]
            callees = rows[flagged].account_id.nunique()
            in_cut_expected: dict[str, Any] = {
                "flagged_observations": flagged.sum(),
                "flagged_accounts": callees,
                "flagged_lost_observations": (flagged & happened).sum(),
                "false_alarms": (flagged & ~happened).sum(),
                "false_alarms_per_csm_month": callable_.sum() / csm_months
                if accounts >= FEWEST and csm_months
                else None,
                "mrr_lost_flagged": rows[flagged & happened].mrr_lost.sum(),
                "churns": len(days),
                "churns_flagged": len(leads),
                "median_lead_days": np.median(leads) if len(leads) >= FEWEST_CHURNS else None,
                **dict.fromkeys(("flag_precision", "flag_precision_low", "flag_precision_high")),
                **dict.fromkeys(("flag_recall", "flag_recall_low", "flag_recall_high")),
                **dict.fromkeys(("mrr_captured_share", "lift")),
                "too_few": too_few(
                    ("accounts", accounts, FEWEST),
                    ("lost accounts", lost, FEWEST),
                    ("kept accounts", kept, FEWEST),
                    ("flagged accounts", callees, FEWEST),
                    ("accounts with a forecast", foreseen, FEWEST),
                    ("flagged churns", len(leads), FEWEST_CHURNS),
                ),
            }
            hits = int((flagged & happened).sum())
            if callees >= FEWEST:
                low, high = wilson(hits, int(flagged.sum()))
                in_cut_expected |= {
                    "flag_precision": hits / flagged.sum(),
                    "flag_precision_low": low,
                    "flag_precision_high": high,
                }
            if lost >= FEWEST:
                low, high = wilson(hits, int(happened.sum()))
                in_cut_expected |= {
                    "flag_recall": hits / happened.sum(),
                    "flag_recall_low": low,
                    "flag_recall_high": high,
                    "mrr_captured_share": rows[flagged & happened].mrr_lost.sum()
                    / rows[happened].mrr_lost.sum(),
                }
            if min(callees, lost) >= FEWEST:
                in_cut_expected["lift"] = hits / flagged.sum() / happened.mean()
            found = reported.pop((*key, cut))
            assert_same(found, expected | in_cut_expected, (*key, cut))
    assert not reported


def test_scikit_learn_agrees(
    warehouse: duckdb.DuckDBPyConnection, observations: pd.DataFrame
) -> None:
    """On the same rows, those of the champion's 180 days."""
    reported = report(warehouse, "rpt_health_backtest", [*KEYS, "cut"])
    compared = 0
    rows180 = observations[observations.horizon_days == 180]
    for key, column, rows in groups(rows180[rows180.model_version == CHAMPION]):
        if key[3] != "all":
            continue
        areas, pairs = [], []
        for _, month in rows.groupby("month_end"):
            lost = month[column].sum()
            if 0 < lost < len(month):
                areas.append(roc_auc_score(month[column], -month.score))
                pairs.append(lost * (len(month) - lost))
        forecast = rows[rows[f"expected_{column}"].notna()]
        for cut in ("red", "red_or_yellow", "lowest_decile"):
            flagged = in_cut(rows, cut)
            expected = {
                "auc": np.average(areas, weights=pairs),
                "brier_score": brier_score_loss(forecast[column], forecast[f"expected_{column}"]),
                "flag_precision": precision_score(rows[column], flagged),
                "flag_recall": recall_score(rows[column], flagged),
            }
            found = reported[(*key, cut)]
            assert_same(found, {k: v for k, v in expected.items() if found[k] is not None}, key)
            compared += sum(found[name] is not None for name in expected)
    assert compared >= 20


def lead_times(
    warehouse: duckdb.DuckDBPyConnection, scores: pd.DataFrame
) -> dict[tuple, list[tuple[str, int | None]]]:
    """Segment and days of warning of each churn, by version, horizon, sample and cut."""
    churns = warehouse.execute(
        "select losses.account_id, losses.month_start, coalesce(before.segment, 'unknown') "
        "from marts.fct_health_losses as losses left join marts.fct_account_months as before "
        "on before.account_id = losses.account_id and before.month_end = losses.month_start - 1 "
        "where losses.has_churned"
    ).fetchall()
    found = {}
    for version, rows in scores.groupby("model_version"):
        for sample in ("all_history", "out_of_time"):
            days = rows if sample == "all_history" else rows[rows.month_end > TRAINED_UNTIL]
            for cut in ("red", "red_or_yellow", "lowest_decile"):
                flagged = rows[in_cut(rows, cut)].groupby("account_id").month_end.apply(list)
                for horizon in HORIZONS:
                    leads = []
                    for account, month_start, segment in churns:
                        first = month_start - timedelta(days=horizon)
                        if days.empty or first < days.month_end.min():
                            continue
                        ahead = [
                            (month_start - day).days
                            for day in flagged.get(account, [])
                            if first <= day < month_start
                        ]
                        leads.append((segment, max(ahead, default=None)))
                    found[version, horizon, sample, cut] = leads
    return found


def test_the_calibration(warehouse: duckdb.DuckDBPyConnection, observations: pd.DataFrame) -> None:
    reported = report(warehouse, "rpt_health_calibration", [*KEYS, "bin_type", "bin"])
    for key, column, rows in groups(observations):
        all_lost = rows[rows[column]].account_id.nunique()
        for bin_type in ("band", "decile"):
            for name, part in rows.groupby(bin_type):
                forecast = part[part[f"expected_{column}"].notna()]
                accounts, foreseen = part.account_id.nunique(), forecast.account_id.nunique()
                expected = {
                    "observations": len(part),
                    "accounts": accounts,
                    "lost": part[column].sum(),
                    "forecast_observations": len(forecast),
                    **dict.fromkeys(("expected_rate", "forecast_observed_rate")),
                    **dict.fromkeys(("observed_rate", "observed_low", "observed_high", "lift")),
                    "too_few": too_few(
                        ("accounts", accounts, FEWEST),
                        ("accounts with a forecast", foreseen, FEWEST),
                        ("lost accounts in all bins", all_lost, FEWEST),
                    ),
                }
                if foreseen >= FEWEST:
                    expected["expected_rate"] = forecast[f"expected_{column}"].mean()
                    expected["forecast_observed_rate"] = forecast[column].mean()
                if accounts >= FEWEST:
                    low, high = wilson(int(part[column].sum()), len(part))
                    expected["observed_rate"] = part[column].mean()
                    expected |= {"observed_low": low, "observed_high": high}
                    if all_lost >= FEWEST:
                        expected["lift"] = part[column].mean() / rows[column].mean()
                place = (*key, bin_type, str(name))
                found = reported.pop(place)
                assert_same(found, expected, place)
                assert float(found["average_score"]) == pytest.approx(part.score.mean(), abs=1e-4)
    assert not reported


@pytest.fixture(scope="module")
def components(warehouse: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    rows = warehouse.execute(
        "select model_version, account_id, observation_date as month_end, component, "
        "component_score::double as score from marts.fct_health_components "
        "where period_type = 'month_end' and component_score is not null"
    ).df()
    rows["month_end"] = rows.month_end.dt.date
    return rows


def stability_index(now: np.ndarray, before: np.ndarray) -> float:
    shares = []
    for values in (now, before):
        counts = np.histogram(values, EDGES)[0] + 0.5
        shares.append(counts / counts.sum())
    return float(np.sum((shares[0] - shares[1]) * np.log(shares[0] / shares[1])))


def test_the_stability(
    warehouse: duckdb.DuckDBPyConnection, scores: pd.DataFrame, components: pd.DataFrame
) -> None:
    reported = report(
        warehouse, "rpt_health_stability", ["model_version", "component", "month_end"]
    )
    scored = scores[["model_version", "account_id", "month_end"]]
    everything = pd.concat([scores.assign(component="score"), components.merge(scored)])
    for (version, component), rows in everything.groupby(["model_version", "component"]):
        by_month = {
            pd.Period(day, "M"): (day, month.score.to_numpy())
            for day, month in rows.groupby("month_end")
        }
        for month, (day, now) in by_month.items():
            year = [by_month[month - n][1] for n in range(1, 13) if month - n in by_month]
            before = np.concatenate(year) if year else np.array([])
            found = reported.pop((version, component, day))
            assert found["observations"] == len(now)
            assert found["reference_observations"] == len(before)
            if min(len(now), len(before)) < FEWEST_FOR_STABILITY:
                assert (found["psi"], found["rating"]) == (None, "too_few")
                continue
            index = stability_index(now, before)
            assert float(found["psi"]) == pytest.approx(index, abs=5.1e-5)
            rating = "stable" if index < 0.1 else "shifting" if index < 0.25 else "shifted"
            assert found["rating"] == rating
    assert not reported


def without(scores: pd.DataFrame, weights: dict[str, float], component: str) -> pd.Series:
    """The mean of the other components by weight, of those that have a score."""
    weight = pd.Series(weights).drop(component)
    others = scores[weight.index]
    mean = (others * weight).sum(axis=1) / (others.notna() * weight).sum(axis=1)
    return mean.round(8)


def test_the_value_of_components(
    warehouse: duckdb.DuckDBPyConnection, observations: pd.DataFrame, components: pd.DataFrame
) -> None:
    reported = report(
        warehouse,
        "rpt_health_component_value",
        ["model_version", "horizon_days", "outcome", "sample", "component"],
    )
    weights: dict[str, dict[str, float]] = {}
    for row in seed("health_components"):
        weights.setdefault(row["model_version"], {})[row["component"]] = float(row["weight"])
    place = ["model_version", "account_id", "month_end"]
    table = components.pivot(index=place, columns="component", values="score").reset_index()
    beside = observations.merge(table, on=place, how="left")
    months = {}
    for (version, horizon), rows in beside.groupby(["model_version", "horizon_days"]):
        for name in weights[version]:
            rows[f"without {name}"] = without(rows, weights[version], name)
        months[version, horizon] = by_month(rows)
    for (version, horizon, outcome, segment, sample), column, rows in groups(beside):
        if segment != "all":
            continue
        lost = rows[rows[column]].account_id.nunique()
        kept = rows[~rows[column]].account_id.nunique()
        whole = months[version, horizon]
        for name in weights[version]:
            left = f"without {name}"
            own = rows[rows[column] & rows[name].notna()].account_id.nunique()
            expected: dict[str, Any] = {
                **dict.fromkeys(("auc", "auc_without", "auc_gain", "auc_alone")),
                "too_few": too_few(
                    ("lost accounts", lost, FEWEST),
                    ("lost accounts that have the component", own, FEWEST),
                    ("kept accounts", kept, FEWEST),
                ),
            }
            if min(lost, kept) >= FEWEST:
                expected["auc"] = auc(whole, column, sample)
                if len(weights[version]) > 1:
                    expected["auc_without"] = auc(whole, column, sample, score=left)
                    expected["auc_gain"] = expected["auc"] - expected["auc_without"]
            if min(own, kept) >= FEWEST:
                expected["auc_alone"] = auc(whole, column, sample, score=name)
            key = (version, horizon, outcome, sample, name)
            assert_same(reported.pop(key), expected, key)
    assert not reported
