"""The metrics of renewals, expansion and what is at risk, calculated a second time.

Outcomes come from the truth the demo was made of; what was forecast and what was due on a day from
the staged rows, one by one.
"""

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

import duckdb
import pandas as pd
from checks_domains import World
from checks_revenue import TRUTH, Check, cents, last_day, money, ratio, share

LAST_DAY = date(2026, 6, 30)
DUE_SOON = timedelta(days=90)
HORIZONS = (90, 60, 30, 0)
SHARE_COUNTED = {"closed": 100, "commit": 100, "best_case": 50, "pipeline": 10}
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12, "two_years": 24, "three_years": 36}


def tables(warehouse: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    world = Renewals(warehouse)
    due = world.due()
    return {
        "renewals": world.terms,
        "renewal_forecasts": world.forecasts(),
        "renewals_due": due,
        "scores_and_renewals": world.scores_with(due),
        "expansion_signals": world.expansion_signals(),
        **world.leads(),
    }


class Renewals(World):
    """Contract terms, what was known of them and when, and what was said of them."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection) -> None:
        super().__init__(warehouse)
        terms = pd.read_csv(TRUTH / "renewals.csv", dtype=str, keep_default_na=False)
        terms["subscription"] = terms.renewal_id.str.partition("|")[0]
        terms["end"] = [date.fromisoformat(key.partition("|")[2]) for key in terms.renewal_id]
        terms["agreed"] = [date.fromisoformat(day) for day in terms.agreed_end_date]
        terms["month"] = pd.to_datetime(terms.end).dt.to_period("M")
        terms["account"] = terms.account_id
        terms["segment"] = [
            self.segment_when_opened(row.account, min(row.end, LAST_DAY))
            for row in terms.itertuples()
        ]
        terms["expiring"] = [cents(amount) for amount in terms.expiring_arr]
        terms["decided"] = terms.outcome != ""
        terms["renewed"] = [cents(amount or 0) for amount in terms.renewed_arr]
        terms["retained"] = terms[["renewed", "expiring"]].min(axis=1)
        self.terms = terms

    def forecasts(self) -> pd.DataFrame:
        """Forecast and outcome by renewal month, horizon and account."""
        rates = self.quotes()
        ends = self.terms.groupby("subscription").agreed.agg(list).to_dict()
        history = defaultdict(list)
        for key, *change in self.rows(
            "select opportunity_id, cast(changed_at as date), changed_at, forecast_category, "
            "forecast_amount, close_date from staging.stg_crm__opportunity_history"
        ):
            history[key].append(change)
        rows = []
        months = pd.period_range(self.terms.month.min(), self.terms.month.max(), freq="M")
        for key, account, subscription, currency in self.rows(
            "select opportunity_id, account_id, subscription_id, currency "
            "from staging.stg_crm__opportunities where type = 'renewal'"
        ):
            for month in months:
                for horizon in HORIZONS:
                    cutoff = month.start_time.date() - timedelta(days=horizon)
                    known = [row for row in history[key] if row[0] <= cutoff <= LAST_DAY]
                    if not known:
                        continue
                    _, _, category, amount, closes = max(known, key=lambda row: row[1])
                    day = min(
                        ends.get(subscription, [closes]), key=lambda e: abs((e - closes).days)
                    )
                    if pd.Period(day, freq="M") != month:
                        continue
                    rate = [rate for quoted, rate in rates[currency] if quoted <= cutoff][-1]
                    counted = amount * SHARE_COUNTED.get(category, 0) * rate / 100
                    counted = counted.quantize(Decimal("0.01"), ROUND_HALF_UP)
                    account_then = self.resolve(account)
                    rows.append((month, horizon, cutoff, account_then, cents(counted), 0))
        for term in self.terms.itertuples():
            for horizon in HORIZONS:
                cutoff = term.month.start_time.date() - timedelta(days=horizon)
                rows.append((term.month, horizon, cutoff, term.account, 0, term.renewed))
        columns = ["month", "horizon", "cutoff", "account", "forecast", "actual"]
        found = pd.DataFrame(rows, columns=columns)
        is_final = found.month.dt.end_time.dt.date + timedelta(days=30) <= LAST_DAY
        found = found[is_final].copy()
        found["segment"] = [
            self.segment_when_opened(row.account, row.cutoff) for row in found.itertuples()
        ]
        return found

    def due(self) -> pd.DataFrame:
        """Terms due within 90 days of each month's end, with the ARR they had that day."""
        subscriptions = {
            key: rest
            for key, *rest in self.rows(
                "select subscription_id, coalesce(cast(signed_at as date), term_start), "
                "term_start, cast(canceled_at as date) from staging.stg_billing__subscriptions"
            )
        }
        charges = self.charges()
        followers = defaultdict(list)
        for before, key in self.rows(
            "select previous_subscription_id, subscription_id "
            "from staging.stg_billing__subscriptions where previous_subscription_id is not null"
        ):
            if key in charges:
                followers[before].append(min(start for start, *_ in charges[key]))
        agreed = defaultdict(list)
        for term in self.terms.itertuples():
            agreed[term.subscription].append((term.end, term.agreed))
        rows = []
        for month in self.months:
            day = last_day(month)
            for term in self.terms.itertuples():
                signed, starts, cancelled = subscriptions[term.subscription]
                before = [to for end, to in agreed[term.subscription] if end < term.end]
                starts = max([starts, *before])
                is_cut = cancelled is not None and cancelled <= day
                ends = term.end if is_cut else term.agreed
                replaced = any(begins <= day for begins in followers[term.subscription])
                if replaced or not (
                    max(signed, starts) <= day < term.end and ends <= day + DUE_SOON
                ):
                    continue
                arr = 12 * sum(
                    amount(month)
                    for start, end, amount in charges[term.subscription]
                    if start <= day < end
                )
                in_order = term.is_hygienic == "True" and self.is_known(term.opportunity_id, day)
                rows.append((month, term.account, arr, in_order))
        found = pd.DataFrame(rows, columns=["month", "account", "arr", "in_order"])
        found["segment"] = self.segments_at_month_end(found)
        return found

    def is_known(self, opportunity: str, day: date) -> bool:
        if not hasattr(self, "_created"):
            self._created = dict(
                self.rows(
                    "select opportunity_id, cast(created_at as date) "
                    "from staging.stg_crm__opportunities"
                )
            )
        return opportunity in self._created and self._created[opportunity] <= day

    def quotes(self) -> dict[str, list[tuple[date, Decimal]]]:
        """Exchange rates by currency, oldest first."""
        quotes: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
        for currency, day, rate in self.rows(
            "select currency, rate_date, rate_to_usd from staging.stg_billing__fx_rates "
            "order by rate_date"
        ):
            quotes[currency].append((day, rate))
        quotes["USD"] = [(date(2000, 1, 1), Decimal(1))]
        return quotes

    def charges(self) -> dict[str, list[tuple]]:
        """Days and monthly cents of the recurring charges of each subscription."""
        quotes = self.quotes()

        def monthly(amount: Decimal, interval: str, currency: str, month: pd.Period) -> int:
            first = month.start_time.date()
            rate = [rate for day, rate in quotes[currency] if day <= first][-1]
            worth = amount * rate
            worth = worth * 52 / 12 if interval == "week" else worth / MONTHS[interval]
            worth = worth.quantize(Decimal("0.00000001"), ROUND_HALF_UP)
            return cents(worth.quantize(Decimal("0.01"), ROUND_HALF_UP))

        found = defaultdict(list)
        for key, start, end, quantity, price, discount, interval, currency in self.rows(
            """
            select subscription_id, effective_from,
                coalesce(
                    effective_to,
                    case status when 'canceled' then cast(cancel_effective_at as date)
                        when 'expired' then term_end end,
                    date '9999-12-31'
                ),
                quantity, unit_price, coalesce(discount_pct, 0), billing_interval, currency
            from staging.stg_billing__subscription_charges
            join staging.stg_billing__subscriptions using (subscription_id)
            join staging.stg_billing__plans using (plan_id)
            where charge_type = 'recurring'
                and status in ('active', 'past_due', 'canceled', 'expired')
            """
        ):
            amount = quantity * price * (100 - discount) / 100
            if amount:
                found[key].append((start, end, partial(monthly, amount, interval, currency)))
        return found

    def scores_with(self, due: pd.DataFrame) -> pd.DataFrame:
        """Health scores of customers at month ends with the ARR they had up for renewal."""
        arr = due.groupby(["account", "month"]).arr.sum().rename("due")
        return self.health_scores().join(arr, on=["account", "month"]).fillna({"due": 0})

    def expansion_signals(self) -> pd.DataFrame:
        """Customers at month ends with what speaks for their growth."""
        plans = self.rows("select plan_id, included_features from staging.stg_billing__plans")
        contains = {plan: set((features or "").split(";")) for plan, features in plans}
        sold = set().union(*contains.values()) - {""}
        of_subscription = defaultdict(list)
        for key, plan, start, end in self.rows(
            "select subscription_id, plan_id, effective_from, "
            "coalesce(effective_to, date '9999-12-31') "
            "from staging.stg_billing__subscription_charges"
        ):
            of_subscription[key].append((plan, start, end))
        charges = defaultdict(list)
        for key, account in self.rows(
            "select subscription_id, account_id from staging.stg_billing__subscriptions "
            "join staging.stg_billing__customers using (customer_id) "
            "where status in ('active', 'past_due', 'canceled', 'expired')"
        ):
            charges[self.resolve(account)] += of_subscription[key]
        used = defaultdict(set)
        for account, feature, day in self.rows(
            "select distinct account_id, feature_key, activity_date "
            "from staging.stg_usage__activity where event_count > 0"
        ):
            month = pd.Period(day, freq="M")
            if (last_day(month) - day).days < 28:
                used[self.resolve(account), month].add(feature)
        promoters = defaultdict(list)
        for account, contact_account, day in self.rows(
            "select responses.account_id, contacts.account_id, cast(responded_at as date) "
            "from staging.stg_surveys__responses as responses "
            "left join staging.stg_crm__contacts as contacts using (contact_id) "
            "where survey_type = 'nps' and score >= 9 and responded_at < timestamp '2026-07-01'"
        ):
            promoters[self.resolve(account or contact_account)].append(day)
        rows = self.customer_months()
        signals = []
        for row in rows.itertuples():
            end = last_day(row.month)
            paid_for = set()
            for plan, start, stop in charges[row.account]:
                if start <= end < stop:
                    paid_for |= contains.get(plan, set())
            signals.append(
                (row.measured and row.users >= Decimal("0.9") * int(row.seats) > 0)
                or (row.measured and bool(used[row.account, row.month] & sold - paid_for))
                or any(0 <= (end - day).days < 90 for day in promoters[row.account])
            )
        return rows.assign(signal=signals)

    def leads(self) -> dict[str, pd.DataFrame]:
        """What customer success brought in, by the month it came up and by that of its close."""
        rates = self.quotes()
        leads = pd.DataFrame(
            self.rows(
                "select account_id, cast(created_at as date), closed_at, is_won, amount, currency "
                "from staging.stg_crm__opportunities where source = 'cs_qualified' "
                "and created_at < timestamp '2026-07-01'"
            ),
            columns=["account", "created", "closed", "won", "amount", "currency"],
        )
        leads["account"] = leads.account.map(self.resolve)
        leads["segment"] = [
            self.segment_when_opened(row.account, row.created) for row in leads.itertuples()
        ]
        worth = [
            row.amount * [rate for day, rate in rates[row.currency] if day <= row.created][-1]
            for row in leads.itertuples()
        ]
        leads["worth"] = [cents(w.quantize(Decimal("0.01"), ROUND_HALF_UP)) for w in worth]
        closed = leads[leads.closed < "2026-07-01"]
        return {
            "leads": leads.assign(month=pd.to_datetime(leads.created).dt.to_period("M")),
            "leads_closed": closed.assign(month=closed.closed.dt.to_period("M")),
        }


def of_terms(column: str, rows: pd.DataFrame, month: pd.Period) -> Any:
    return money(rows[rows.month == month][column].sum())


def of_decided(above, below) -> Any:
    return share(lambda r: above(r[r.decided]), lambda r: below(r[r.decided]))


def renewed_amount(rows: pd.DataFrame, month: pd.Period) -> Any:
    rows = rows[(rows.month == month) & rows.decided]
    return money(rows.renewed.sum()) if len(rows) else None


def error(rows: pd.DataFrame, month: pd.Period) -> float | None:
    rows = rows[rows.month == month]
    return ratio(rows.forecast.sum() - rows.actual.sum(), rows.actual.sum())


def accuracy(rows: pd.DataFrame, month: pd.Period) -> float | None:
    found = error(rows, month)
    return None if found is None else 1 - abs(found)


def at_risk(rows: pd.DataFrame, month: pd.Period) -> Any:
    rows = rows[rows.month == month]
    red = 12 * rows[rows.band == "red"].mrr.sum()
    return money(red + rows[rows.band == "yellow"].due.sum())


FORECAST = {"rows": "renewal_forecasts", "dimension": "renewal_forecast__segment"}

CHECKS: dict[str, Check] = {
    "expiring_arr": Check(partial(of_terms, "expiring"), rows="renewals"),
    "renewed_arr": Check(renewed_amount, rows="renewals"),
    "renewal_rate_gross": Check(
        of_decided(lambda r: r.retained.sum(), lambda r: r.expiring.sum()), rows="renewals"
    ),
    "renewal_rate_net": Check(
        of_decided(lambda r: r.renewed.sum(), lambda r: r.expiring.sum()), rows="renewals"
    ),
    "renewal_rate_logo": Check(
        of_decided(lambda r: (r.outcome != "not_renewed").sum(), len), rows="renewals"
    ),
    "on_time_renewal_rate": Check(
        of_decided(
            lambda r: (r.days_late == "0").sum(), lambda r: (r.outcome != "not_renewed").sum()
        ),
        rows="renewals",
    ),
    "renewal_forecast_accuracy": Check(accuracy, **FORECAST),
    "renewal_forecast_bias": Check(error, **FORECAST),
    "renewals_due": Check(
        lambda rows, month: int((rows.month == month).sum()), rows="renewals_due"
    ),
    "renewal_hygiene_compliance": Check(
        share(lambda r: r.in_order.sum(), len), rows="renewals_due"
    ),
    "arr_at_risk": Check(at_risk, rows="scores_and_renewals"),
    "accounts_with_expansion_signal": Check(
        lambda rows, month: int(rows[rows.month == month].signal.sum()), rows="expansion_signals"
    ),
    "cs_qualified_leads": Check(lambda rows, month: int((rows.month == month).sum()), rows="leads"),
    "cs_qualified_won_arr": Check(
        lambda rows, month: money(rows[(rows.month == month) & rows.won.eq(True)].worth.sum()),
        rows="leads_closed",
    ),
    "cs_qualified_lead_win_rate": Check(
        share(lambda r: r.won.eq(True).sum(), len), rows="leads_closed"
    ),
}
