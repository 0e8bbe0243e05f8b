"""The demo company is reproducible, as dirty as its records say, and behaves for a reason."""

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from scripts import cli
from scripts.demo.company import Company, build_company
from scripts.demo.contract import RAW_SEEDS, raw_tables
from scripts.demo.notations import Notation
from scripts.demo.scenarios import scenarios
from scripts.demo.settings import BURN_IN_MONTHS, LAST_DAY, Settings
from scripts.demo.write import TRUTH, write_csv, write_parquet
from scripts.project import UserError

MAX_ROWS, MAX_BYTES = 80_000, 8_000_000


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def seed_rows(system: str, name: str) -> list[dict[str, str]]:
    return read_rows(raw_tables()[system, name].seed_file)


def truth(name: str) -> list[dict[str, str]]:
    return read_rows(TRUTH / f"{name}.csv")


@pytest.fixture(scope="module")
def company() -> Company:
    return build_company(Settings())


@pytest.fixture(scope="module")
def written(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_csv(company, folder)
    return folder


@pytest.fixture(scope="module")
def large() -> Company:
    """Ten times the demo, so that a tendency shows above chance."""
    return build_company(Settings(seed=5, accounts=1500, months=24))


# Reproducible, and of the promised size


def test_committed_seeds_and_truth_are_what_the_generator_writes(written: Path) -> None:
    for (system, name), table in raw_tables().items():
        fresh = written / system / f"{name}.csv"
        assert fresh.read_bytes() == table.seed_file.read_bytes(), f"{system}.{name}"
    names = sorted(path.name for path in TRUTH.glob("*.csv"))
    assert names == sorted(path.name for path in (written / "truth").glob("*.csv"))
    for name in names:
        assert (written / "truth" / name).read_bytes() == (TRUTH / name).read_bytes(), name


def test_another_seed_number_makes_another_company(written: Path, tmp_path: Path) -> None:
    write_csv(build_company(Settings(seed=14)), tmp_path)
    for name in ("billing/subscription_charges", "usage/activity", "tickets/tickets"):
        other, ours = tmp_path / f"{name}.csv", written / f"{name}.csv"
        assert other.read_bytes() != ours.read_bytes(), name


@pytest.mark.parametrize("kind", ["date", "timestamp", "money"])
def test_what_nobody_can_read_has_no_other_notation(kind: str) -> None:
    assert Notation("customer_since", kind, 1).rewrite("last spring", 0) == "last spring"


def test_seeds_stay_small() -> None:
    files = sorted(RAW_SEEDS.glob("*/*.csv"))
    assert len(files) == len(raw_tables())
    assert sum(path.stat().st_size for path in files) < MAX_BYTES
    assert sum(len(seed_rows(*name)) for name in raw_tables()) < MAX_ROWS


def test_parquet_has_the_tables_columns_and_types_of_the_contract(tmp_path: Path) -> None:
    small = build_company(Settings(seed=3, accounts=60, months=24))
    rows = write_parquet(small, tmp_path)
    kinds = {"date": "date32[day]", "timestamp": "timestamp[ms]", "boolean": "bool"}
    found = 0
    for (system, name), table in raw_tables().items():
        file = pq.read_table(tmp_path / system / f"{name}.parquet")
        assert file.column_names == list(table.columns), f"{system}.{name}"
        for column, kind in table.columns.items():
            expected = kinds.get(kind)
            assert expected is None or str(file.schema.field(column).type) == expected, column
        assert len(file.select(list(table.key)).to_pandas().drop_duplicates()) == len(file)
        found += len(file)
    assert rows == found
    assert len(list(tmp_path.glob("*/*.parquet"))) == len(raw_tables())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "parquet"], "add --out FOLDER"),
        (["--accounts", "10"], "at least 60 accounts"),
        (["--months", "6"], "24 to 120 months"),
        (["--usage", "-1"], "--usage goes from 0.2 to 20"),
        (["--seed", "-3"], "can't be negative"),
        (["--out", "/dev/null/x"], "Choose another --out"),
    ],
)
def test_a_wrong_option_is_told_in_one_sentence(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(cli.app, ["demo-data", *arguments])
    assert isinstance(result.exception, UserError)
    assert message in str(result.exception)


# Dirty as recorded


@pytest.mark.parametrize("row", truth("row_accounting"), ids=lambda row: row["object"])
def test_every_row_is_accounted_for(row: dict[str, str]) -> None:
    rows = [tuple(values.values()) for values in seed_rows(row["system"], row["object"])]
    counts = {name: int(value) for name, value in row.items() if value.isdigit()}
    assert counts["rows_read"] == len(rows)
    assert counts["duplicates"] == len(rows) - len(set(rows))
    fates = ("kept", "duplicates", "superseded", "rejected")
    assert counts["rows_read"] == sum(counts[fate] for fate in fates)
    assert counts["rejected"] <= max(2, 0.02 * len(rows))
    rejected = Counter((r["system"], r["object"]) for r in truth("rejected_rows"))
    assert rejected[row["system"], row["object"]] == counts["rejected"]


def test_superseded_rows_are_older_versions_of_kept_ones() -> None:
    for system, name in (("crm", "accounts"), ("tickets", "tickets")):
        key = raw_tables()[system, name].key[0]
        versions = Counter(row[key].strip().lower() for row in set_of_rows(system, name))
        older = sum(count - 1 for count in versions.values())
        recorded = {
            (r["system"], r["object"]): int(r["superseded"]) for r in truth("row_accounting")
        }
        assert older == recorded[system, name] > 0


def set_of_rows(system: str, name: str) -> list[dict[str, str]]:
    return [dict(row) for row in {tuple(row.items()) for row in seed_rows(system, name)}]


@pytest.mark.parametrize(
    ("system", "name", "column", "pattern"),
    [
        ("crm", "accounts", "account_id", r"^ | $"),
        ("crm", "accounts", "account_id", r"A\d"),
        ("crm", "accounts", "arr", r"^\$\d+,\d{3}\.\d\d$"),
        ("crm", "accounts", "arr", r"^\d+\.\d{3},\d\d$"),
        ("crm", "accounts", "segment", r"^Ent$"),
        ("crm", "accounts", "segment", r"^ENT $"),
        ("crm", "accounts", "segment", r"^Mid-Market$"),
        ("crm", "accounts", "billing_country", r"^United States$"),
        ("crm", "accounts", "billing_country", r"^UK$"),
        ("crm", "accounts", "parent_account_id", r"^N/A$"),
        ("crm", "accounts", "parent_account_id", r"^-$"),
        ("crm", "accounts", "parent_account_id", r"^null$"),
        ("crm", "accounts", "customer_since", r"^\d\d\.\d\d\.\d{4}$"),
        ("crm", "accounts", "customer_since", r"^\d\d-\d\d-\d{4}$"),
        ("crm", "accounts", "customer_since", r"^\d\d/\d\d/\d{4}$"),
        ("crm", "accounts", "customer_since", r"^\d{4}/\d\d/\d\d$"),
        ("crm", "accounts", "customer_since", r"^\d{8}$"),
        ("crm", "accounts", "customer_since", r"^[A-Z][a-z]{2} \d+, \d{4}$"),
        ("crm", "accounts", "customer_since", r"^last spring$"),
        ("crm", "accounts", "is_managed", r"^(TRUE|yes|1|Y)$"),
        ("billing", "subscription_charges", "unit_price", r"^-"),
        ("billing", "subscription_charges", "discount_pct", r"%$"),
        ("billing", "plans", "billing_interval", r"^day$"),
        ("tickets", "tickets", "created_at", r"\+02:00$"),
        ("tickets", "tickets", "created_at", r"-05:00$"),
        ("tickets", "tickets", "created_at", r"^2026-11"),
        ("tickets", "tickets", "csat_score", r"^11$"),
        ("surveys", "responses", "score", r"^11$"),
    ],
)
def test_dirt_occurs(system: str, name: str, column: str, pattern: str) -> None:
    assert any(re.search(pattern, row[column]) for row in seed_rows(system, name))


def test_orphans_occur() -> None:
    known = {row["account_id"].strip().lower() for row in seed_rows("crm", "accounts")}
    for system, name in (("billing", "customers"), ("tickets", "tickets"), ("usage", "activity")):
        accounts = {row["account_id"].strip().lower() for row in seed_rows(system, name)}
        missing = {"", "n/a", "-", "null"}
        assert accounts - known - missing, f"{system}.{name}"


# True to the cent: examples worked by hand

EXAMPLES = [
    # 1 × 100.30 less 25 % = 75.225: half up
    ("half a cent", date(2024, 8, 1), "75.23"),
    # 5 × 11.31 × 52 ÷ 12
    ("weekly billing", date(2024, 10, 1), "245.05"),
    # 11 × 5,364.00 ÷ 36 less 15 %
    ("three years paid at once", date(2025, 1, 1), "1393.15"),
    # 12 × 3,576 ÷ 24 × 0.9 + 30,000 ÷ 24
    ("two-year contract with co-termed seats", date(2025, 1, 1), "2859.20"),
    # and 4 seats more from the 15th
    ("two-year contract with co-termed seats", date(2025, 2, 1), "3395.60"),
    # 5 × 99, then 7 × 99 beside it, then only these
    ("overlapping charges", date(2025, 5, 1), "495.00"),
    ("overlapping charges", date(2025, 6, 1), "1188.00"),
    ("overlapping charges", date(2025, 9, 1), "693.00"),
    # a gap of twelve days inside May; one over the end of May
    ("late renewal inside a month", date(2025, 5, 1), "520.00"),
    ("late renewal over a month's end", date(2025, 5, 1), None),
    ("late renewal over a month's end", date(2025, 6, 1), "792.00"),
    # annual 1,188 × 6, then 9 seats from the day the old term ends
    ("renewal without a gap into an open-ended upgrade", date(2025, 2, 1), "594.00"),
    ("renewal without a gap into an open-ended upgrade", date(2025, 3, 1), "891.00"),
    ("returns after six months", date(2025, 1, 1), None),
    ("returns after six months", date(2025, 7, 1), "156.00"),
    # in force on 31 January 2025, not any more on 31 January 2026
    ("from one month's last day to another's", date(2025, 1, 1), "294.00"),
    ("from one month's last day to another's", date(2025, 12, 1), "294.00"),
    ("from one month's last day to another's", date(2026, 1, 1), None),
    ("started and cancelled within a month", date(2025, 9, 1), None),
    ("on trial", date(2026, 6, 1), None),
    ("paused", date(2026, 3, 1), "147.00"),
    ("paused", date(2026, 4, 1), None),
    ("draft", date(2026, 6, 1), None),
    # due on 7 March, ninety days later is 5 June
    ("past due beyond ninety days", date(2026, 5, 1), "196.00"),
    ("past due beyond ninety days", date(2026, 6, 1), None),
    ("past due for forty days", date(2026, 6, 1), "396.00"),
    ("one-time and usage charges", date(2024, 9, 1), "1490.00"),
    ("free for ever", date(2025, 6, 1), None),
    ("internal", date(2025, 6, 1), None),
    ("signed, starts later", date(2026, 6, 1), None),
    ("cancellation booked", date(2026, 6, 1), "792.00"),
    ("child whose contract moves to its sister", date(2025, 9, 1), "1188.00"),
    ("child whose contract moves to its sister", date(2025, 10, 1), None),
    ("sister that takes the contract over", date(2025, 10, 1), "1188.00"),
    # 5 × 99, and 3 × 99 of the account merged into it
    ("merge survivor", date(2025, 2, 1), "495.00"),
    ("merge survivor", date(2025, 3, 1), "792.00"),
    ("merged away", date(2025, 3, 1), None),
    ("deleted with a contract", date(2025, 6, 1), None),
    # 5 × 99 less 20 %; 8 × 105 less 10 %
    ("seats, price and discount change on one day", date(2025, 7, 1), "396.00"),
    ("seats, price and discount change on one day", date(2025, 8, 1), "756.00"),
    ("second product added and dropped", date(2025, 1, 1), "1341.00"),
    ("second product added and dropped", date(2025, 2, 1), "2241.00"),
    ("second product added and dropped", date(2026, 2, 1), "1341.00"),
    # from one account in euros; and one in pounds beside dollars (rate of the month)
    ("half-yearly billing in euros", date(2025, 3, 1), ("EUR", "594.00", "0")),
    ("two currencies", date(2025, 3, 1), ("GBP", "534.00", "990.00")),
]


@pytest.mark.parametrize(("scenario", "month", "expected"), EXAMPLES)
def test_true_mrr_of_scripted_accounts(scenario: str, month: date, expected) -> None:
    account = {row["scenario"]: row["account_id"] for row in truth("accounts")}[scenario]
    mrr = {(row["account_id"], row["month_start"]): row["mrr"] for row in truth("monthly_mrr")}
    if isinstance(expected, tuple):
        currency, local, dollars = expected
        converted = float(local) * true_rate(currency, month) + float(dollars)
        assert float(mrr[account, str(month)]) == pytest.approx(converted, abs=0.005)
    else:
        assert mrr.get((account, str(month))) == expected


def true_rate(currency: str, month: date) -> float:
    """The rate of the month, or the one before: a pound rate is missing on purpose."""
    rates = {
        (row["currency"].strip().upper(), row["rate_date"]): float(row["rate_to_usd"])
        for row in seed_rows("billing", "fx_rates")
    }
    if (currency, str(month)) in rates:
        return rates[currency, str(month)]
    return rates[currency, str(month.replace(month=month.month - 1))]


def test_unassigned_money_is_that_of_unknown_and_deleted_accounts() -> None:
    mrr = {(row["account_id"], row["month_start"]): row["mrr"] for row in truth("monthly_mrr")}
    # orphans: 2 × 49 + 99 + 99 + 3 × 49; from May 2025 also 6 × 49 of the deleted account
    assert mrr["unassigned", "2025-04-01"] == "443.00"
    assert mrr["unassigned", "2025-05-01"] == "737.00"


def test_every_kind_of_movement_occurs_and_they_add_up() -> None:
    moves = truth("movements")
    kinds = Counter(row["movement_type"] for row in moves)
    assert set(kinds) == {"new", "reactivation", "expansion", "contraction", "churn", "fx"}
    assert min(kinds.values()) >= 5
    in_month = Counter((row["account_id"], row["month_start"]) for row in moves)
    fx = {(r["account_id"], r["month_start"]) for r in moves if r["movement_type"] == "fx"}
    assert any(in_month[key] == 1 for key in fx), "a month with nothing but an exchange rate"
    total = sum(round(float(row["amount"]) * 100) for row in moves)
    last = sum(
        round(float(row["mrr"]) * 100)
        for row in truth("monthly_mrr")
        if row["month_start"] == "2026-06-01"
    )
    assert total == last


# Consistent


def test_crm_history_ends_in_the_current_values(company: Company) -> None:
    current = company.tables["crm", "accounts"].set_index("account_id")
    history = company.tables["crm", "account_history"].sort_values("changed_at", kind="stable")
    latest = history.drop_duplicates(["account_id", "field"], keep="last")
    fields = {"segment", "lifecycle_stage", "product_tier", "csm_id", "owner_id"}
    assert set(latest.field) == fields
    for row in latest.itertuples():
        assert current.at[row.account_id, row.field] == row.new_value, row
    for _, changes in history.groupby(["account_id", "field"]):
        assert list(changes.old_value[1:]) == list(changes.new_value[:-1])


def test_ticket_events_tell_the_same_story_as_the_ticket(company: Company) -> None:
    tickets = company.tables["tickets", "tickets"].set_index("ticket_id")
    events = company.tables["tickets", "ticket_events"]
    kinds = {"status", "priority", "assignee", "escalation", "reply"}
    assert set(events.event_type) == kinds | {"root_cause", "resolution_code"}
    statuses = events[events.event_type == "status"]
    for ticket_id, changes in statuses.groupby("ticket_id"):
        assert list(changes.old_value[1:]) == list(changes.new_value[:-1]), ticket_id
        assert changes.new_value.iloc[-1] == tickets.at[ticket_id, "status"], ticket_id
    reopened = (statuses.old_value == "solved").groupby(statuses.ticket_id).sum()
    assert reopened.sum() == tickets.reopened_count.sum() > 50
    replies = events[events.event_type == "reply"]
    public = replies[replies.new_value == "public"].groupby("ticket_id").event_at.min()
    first = replies.groupby("ticket_id").event_at.min()
    reported = tickets.first_replied_at.reindex(public.index)
    # The help desk takes some notes among colleagues for first replies.
    assert ((reported == public) | (reported == first)).all()
    assert (reported < public).sum() > 15
    assert (first < public).sum() > 50
    for kind in ("root_cause", "resolution_code"):
        recorded = events[events.event_type == kind].set_index("ticket_id").new_value
        assert (recorded == tickets[kind].reindex(recorded.index)).all()
        assert len(recorded) > 150


def test_renewals_are_won_where_a_contract_follows(company: Company) -> None:
    opportunities = company.tables["crm", "opportunities"]
    renewals = opportunities[opportunities.type == "renewal"].set_index("subscription_id")
    assert {"sub_s0021", "sub_s0051", "sub_s0061"} <= set(renewals.query("is_won == True").index)
    assert renewals.is_won.isna().sum() > 5
    subscriptions = company.tables["billing", "subscriptions"]
    followed = set(subscriptions.previous_subscription_id.dropna())
    followed |= {
        subscription
        for subscription, case in company.planted_terms.items()
        if case in ("without a link", "goes on")
    }
    # Some opportunities lost their subscription's id, or name one that nobody knows.
    is_known = renewals.index.isin(subscriptions.subscription_id)
    assert len(company.lost_links) == (~is_known).sum() > 5
    closed = renewals[renewals.is_won.notna() & is_known]
    assert (closed.is_won.astype(bool) == closed.index.isin(followed)).all()
    assert 0.6 < closed.is_won.mean() < 0.98
    first_amount = company.tables["crm", "opportunity_history"].groupby("opportunity_id")
    assert first_amount.forecast_amount.nunique().max() >= 5


def test_invoices_bill_the_charges_in_force(company: Company) -> None:
    charges = company.tables["billing", "subscription_charges"].copy()
    # Add-ons with a subscription of their own stand on the invoice of the one they belong to.
    charges["subscription_id"] = charges.subscription_id.str.removesuffix("b")
    invoices = company.tables["billing", "invoices"]
    weekly = charges.subscription_id[charges.plan_id.str.endswith("_week")]
    invoices = invoices[~invoices.subscription_id.isin(weekly)]
    invoices = invoices[~invoices.invoice_id.isin(company.adjusted_invoices)]
    billed = invoices.groupby(["subscription_id", "issued_at"]).amount_due.sum().reset_index()
    lines = billed.merge(charges, on="subscription_id")
    day = lines.issued_at.dt.normalize()
    in_force = (lines.effective_from <= day) & ~(lines.effective_to <= day)
    worth = lines.quantity * lines.unit_price * (100 - lines.discount_pct) / 100
    expected = worth[in_force].groupby([lines.subscription_id, lines.issued_at]).sum()
    found = billed.set_index(["subscription_id", "issued_at"]).amount_due
    simulated = found.index.get_level_values(0).str.startswith("sub_0")
    simulated |= found.index.get_level_values(0).str.startswith("sub_1")
    difference = (found - expected).abs()[simulated]
    assert len(difference) > 1000
    assert difference.max() < 0.02


def test_every_scenario_is_an_account_of_its_own(company: Company) -> None:
    names = [row["scenario"] for row in truth("accounts") if row["scenario"]]
    assert names == [scenario.name for scenario in scenarios()]
    assert len(set(names)) == len(names)


# For a reason, but not for certain


def leavers(company: Company) -> tuple[np.ndarray, np.ndarray]:
    """(account, period) of every leaving with at least eight months of data before it."""
    account, period = np.nonzero(company.contracts.left)
    late = period >= BURN_IN_MONTHS + 8
    return account[late], period[late]


def by_account_and_month(company: Company, accounts: pd.Series, dates: pd.Series) -> np.ndarray:
    """Rows counted per account and period."""
    numbers = {name: number for number, name in enumerate(company.accounts.ids)}
    counts = np.zeros(company.contracts.active.shape)
    first = company.settings.month_starts[0].astype("M8[M]")
    period = (dates.to_numpy().astype("M8[M]") - first).astype(int)
    np.add.at(counts, (accounts.astype(str).map(numbers).to_numpy(), period), 1)
    return counts


def test_most_who_leave_used_the_product_less_in_the_ninety_days_before(large: Company) -> None:
    activity = pd.concat(list(large.activity()), ignore_index=True)
    used = by_account_and_month(large, activity.account_id, activity.activity_date)
    account, period = leavers(large)
    before = np.array([used[a, p - 3 : p].mean() for a, p in zip(account, period, strict=True)])
    earlier = np.array(
        [used[a, p - 8 : p - 4].mean() for a, p in zip(account, period, strict=True)]
    )
    known = earlier > 0
    lower = (before < earlier)[known].mean()
    assert known.sum() > 80
    assert 0.65 < lower < 0.97


def area_under_curve(score: np.ndarray, outcome: np.ndarray) -> float:
    """Chance that a random positive scores higher than a random negative."""
    ranks = pd.Series(score).rank().to_numpy()
    positives = outcome.sum()
    rank_sum = ranks[outcome].sum() - positives * (positives + 1) / 2
    return rank_sum / (positives * (~outcome).sum())


def test_quality_predicts_leaving_but_not_perfectly(large: Company) -> None:
    observed = large.settings.periods - 4
    active = large.contracts.active[:, observed - 1]
    leaves = large.contracts.left[:, observed : observed + 4].any(axis=1)
    auc = area_under_curve(-large.quality.level[active, observed - 1], leaves[active])
    assert leaves[active].sum() > 20
    assert 0.6 < auc < 0.95


def test_what_customers_say_and_pay_follows_quality(large: Company) -> None:
    mean = large.quality.level[:, BURN_IN_MONTHS:].mean(axis=1)
    quality = dict(zip(large.accounts.ids, mean, strict=True))
    responses = large.tables["surveys", "responses"].query("survey_type == 'nps'")
    tickets = large.tables["tickets", "tickets"]
    invoices = large.tables["billing", "invoices"]
    customers = large.tables["billing", "customers"].set_index("customer_id").account_id
    days_late = (invoices.paid_at - invoices.due_at).dt.days
    signals = {
        "nps": responses.groupby("account_id").score.mean(),
        "tickets": -tickets.groupby("account_id").size() / months_active(large),
        "csat": tickets.groupby("account_id").csat_score.mean(),
        "payment": -days_late.groupby(invoices.customer_id.map(customers)).mean(),
        "escalation": -tickets.groupby("account_id").is_escalated.mean(),
    }
    for name, signal in signals.items():
        signal = signal.dropna()
        follows = signal.corr(signal.index.to_series().map(quality), method="spearman")
        assert 0.1 < follows < 0.9, f"{name}: {follows:.2f}"


def months_active(company: Company) -> pd.Series:
    months = company.contracts.active[:, BURN_IN_MONTHS:].sum(axis=1)
    return pd.Series(np.maximum(months, 1), index=company.accounts.ids)


def test_segments_and_seasons_differ(large: Company) -> None:
    price = large.contracts.local_cents(large.accounts.segment)[:, -1]
    paid = [price[(large.accounts.segment == s) & (price > 0)].mean() for s in range(3)]
    assert paid[0] < paid[1] / 2 < paid[2] / 4
    leaving = large.contracts.left.sum(axis=1) / np.maximum(large.contracts.active.sum(axis=1), 1)
    churn = [leaving[large.accounts.segment == s].mean() for s in range(3)]
    assert churn[0] > churn[1] > churn[2]
    months = pd.concat([chunk.activity_date for chunk in large.activity()]).dt.month
    per_month = months.value_counts()
    assert per_month[12] < 0.9 * per_month[11]
    assert large.contracts.active[:, -1].sum() > large.contracts.active[:, BURN_IN_MONTHS].sum()


def test_nothing_but_what_was_planned_lies_after_the_last_day(company: Company) -> None:
    for (system, name), column in {
        ("tickets", "tickets"): "created_at",
        ("surveys", "responses"): "responded_at",
        ("crm", "activities"): "occurred_at",
        ("crm", "opportunities"): "created_at",
        ("crm", "opportunity_history"): "changed_at",
        ("billing", "invoices"): "issued_at",
        ("usage", "users"): "created_at",
    }.items():
        latest = company.tables[system, name][column].max()
        assert latest < pd.Timestamp(LAST_DAY) + pd.Timedelta(days=1), f"{system}.{name}"
