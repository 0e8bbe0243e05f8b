"""How accounts moved between health bands, by score and by hand, calculated a second time.

Who is a customer, its MRR and what it lost come from the truth the demo was made of, the champion
of a day from the reference seed, overrides from the staged rows, bands from fct_health_scores.
"""

from datetime import date, timedelta

import duckdb
import pandas as pd
from checks_domains import World
from checks_health_outcomes import true_losses
from checks_revenue import UNASSIGNED, Check, last_day, share

from scripts.project import ROOT

WORST_FIRST = ["red", "yellow", "green"]
LAST_DAY = date(2026, 6, 30)


def tables(warehouse: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    world = World(warehouse)
    return {"band_movements": band_movements(world), "overrides": overrides(world)}


def champion(day: date) -> str | None:
    models = pd.read_csv(ROOT / "seeds" / "reference" / "health_models.csv", dtype=str)
    for model in models[models.status == "champion"].fillna("9999-12-31").itertuples():
        if model.effective_from <= day.isoformat() < model.effective_to:
            return model.model_version
    return None


def band_movements(world: World) -> pd.DataFrame:
    """Every customer of a month or the month before, with both bands."""
    bands = {
        (account, day, version): band
        for account, day, version, band in world.rows(
            "select account_id, observation_date, model_version, final_band "
            "from marts.fct_health_scores where period_type = 'month_end'"
        )
    }
    rows = []
    for month in world.months[1:]:
        day, day_before = (last_day(then) for then in (month, month - 1))
        version = champion(day)
        if version is None or day > LAST_DAY:
            continue
        for account in sorted({account for account, _ in world.mrr} - {UNASSIGNED}):
            was, is_now = (world.pays(account, then) for then in (month - 1, month))
            if was or is_now:
                before = bands[account, day_before, version] if was else "new"
                after = bands[account, day, version] if is_now else "left"
                step = None
                if before in WORST_FIRST and after in WORST_FIRST:
                    step = WORST_FIRST.index(after) - WORST_FIRST.index(before)
                mrr = world.mrr.get((account, month - 1), 0)
                segment = world.segment(account, day)
                rows.append((month, segment, before, after, step, mrr))
    return pd.DataFrame(rows, columns=["month", "segment", "before", "after", "step", "mrr"])


def overrides(world: World) -> pd.DataFrame:
    """Overrides that changed a band, 90 days later, with whether they were right."""
    bands = {
        (account, pd.Period(day, freq="M")): band
        for account, day, band in world.rows(
            "select account_id, observation_date, band from marts.fct_health_scores "
            "where is_champion and period_type = 'month_end'"
        )
    }
    lost = {(loss.account_id, last_day(loss.month)) for loss in true_losses().itertuples()}
    rows = []
    for account, band, valid_from, valid_to, created_at in world.rows(
        "select account_id, band, valid_from, valid_to, created_at "
        "from staging.stg_success__health_overrides"
    ):
        account = world.resolve(account)
        start = max(valid_from, created_at.date()) if created_at else valid_from
        decided = start + timedelta(days=90)
        # A month end's own band is known at its end.
        replaced = bands.get((account, pd.Period(start + timedelta(days=1), freq="M") - 1))
        if start < valid_to and decided <= LAST_DAY and replaced in set(WORST_FIRST) - {band}:
            losses = [day for who, day in lost if who == account and start < day <= decided]
            lowered = WORST_FIRST.index(band) < WORST_FIRST.index(replaced)
            month = pd.Period(decided, freq="M")
            rows.append((month, world.segment(account, start), bool(losses) == lowered))
    return pd.DataFrame(rows, columns=["month", "segment", "right"])


def compared(rows: pd.DataFrame) -> int:
    return rows.step.notna().sum()


CHECKS: dict[str, Check] = {
    "health_band_movements": Check(
        lambda rows, month: int((rows.month == month).sum()),
        rows="band_movements",
        segment="after",
        dimension="health_band_movement__to_band",
    ),
    "health_downgrade_rate": Check(
        share(lambda r: (r.step < 0).sum(), compared), rows="band_movements"
    ),
    "health_upgrade_rate": Check(
        share(lambda r: (r.step > 0).sum(), compared), rows="band_movements"
    ),
    "health_downgrade_rate_by_mrr": Check(
        share(lambda r: r.mrr[r.step < 0].sum(), lambda r: r.mrr[r.step.notna()].sum()),
        rows="band_movements",
    ),
    "health_override_accuracy": Check(share(lambda r: r.right.sum(), len), rows="overrides"),
}
