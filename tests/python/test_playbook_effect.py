"""The effect of playbooks, worked out a second time from the account-months, scores and calls."""

import duckdb
import pandas as pd

BEFORE, AFTER, CONTROLS, FEWEST, Z = 3, 3, 3, 10, 1.96


def outcomes_by_account(warehouse: duckdb.DuckDBPyConnection) -> dict[tuple, float]:
    """Outcome, account and month, to the value at the month's end."""
    rows = warehouse.execute(
        """
        select 'mrr', account_id, month_start, mrr::double from marts.fct_account_months
        union all
        select 'monthly_active_users', account_id, month_start, monthly_active_users::double
        from marts.fct_account_months
        union all
        select 'health_score', account_id, date_trunc('month', observation_date), score::double
        from marts.fct_health_scores where is_champion and period_type = 'month_end'
        """
    ).fetchall()
    return {
        (outcome, account, pd.Period(month, "M")): value
        for outcome, account, month, value in rows
        if value is not None and account != "unassigned"
    }


def test_effects_are_differences_in_differences(warehouse: duckdb.DuckDBPyConnection) -> None:
    values = outcomes_by_account(warehouse)
    segments = {
        (account, pd.Period(month, "M")): segment
        for account, month, segment in warehouse.execute(
            "select account_id, month_start, segment from marts.fct_account_months "
            "where is_active_customer"
        ).fetchall()
    }
    calls = {
        (playbook, account, pd.Period(day, "M"))
        for playbook, account, day in warehouse.execute(
            "select playbook_key, account_id, created_date from marts.fct_ctas where is_counted"
        ).fetchall()
    }
    windows = {}
    for (outcome, account, month), value in values.items():
        later = values.get((outcome, account, month + 1 + AFTER))
        if (account, month) in segments and later is not None:
            earlier = values.get((outcome, account, month - BEFORE))
            windows.setdefault((outcome, month + 1), {})[account] = (
                segments[account, month],
                value,
                None if earlier is None else value - earlier,
                later - value,
            )
    found = []
    for playbook, account, month in calls:
        for outcome in ("mrr", "monthly_active_users", "health_score"):
            peers = windows.get((outcome, month), {})
            if account not in peers:
                continue
            segment, value, change_before, change = peers[account]
            nearest = sorted(
                (abs(other_value - value), other, before, after)
                for other, (other_segment, other_value, before, after) in peers.items()
                if other != account
                and segment is not None
                and other_segment == segment
                and not any(
                    (playbook, other, month + n) in calls for n in range(-BEFORE, AFTER + 1)
                )
            )[:CONTROLS]
            trends = [before for *_, before, _ in nearest if before is not None]
            difference = change - sum(row[3] for row in nearest) / len(nearest) if nearest else None
            before = None
            if trends and change_before is not None:
                before = change_before - sum(trends) / len(trends)
            found.append((playbook, outcome, str(month.year), difference, before))
    frame = pd.DataFrame(found, columns=["playbook", "outcome", "cohort", "difference", "before"])
    frame = pd.concat([frame, frame.assign(cohort="all")])
    expected = {}
    for key, group in frame.groupby(["playbook", "outcome", "cohort"]):
        differences, before = group.difference.dropna(), group.before.dropna()
        effect = low = high = None
        if len(differences) >= FEWEST:
            effect, error = differences.mean(), differences.std() / len(differences) ** 0.5
            low, high = effect - Z * error, effect + Z * error
            apart = abs(before.mean()) > Z * before.std() / len(before) ** 0.5
            verdict = "trends_differ" if apart else "not_shown"
            if not apart and low > 0:
                verdict = "better"
            if not apart and high < 0:
                verdict = "worse"
        else:
            verdict = "too_few"
        expected[key] = (len(group), len(differences), effect, low, high, verdict)
    shown = {
        tuple(row[:3]): row[3:]
        for row in warehouse.execute(
            "select playbook_key, outcome, cohort, treated, matched, effect::double, "
            "effect_low::double, effect_high::double, verdict from marts.rpt_playbook_effect"
        ).fetchall()
    }
    assert set(shown) == set(expected)
    assert {row[-1] for row in shown.values()} >= {"too_few", "trends_differ", "not_shown"}
    for key, row in expected.items():
        assert shown[key][:2] == row[:2], key
        assert shown[key][-1] == row[-1], key
        for one, other in zip(shown[key][2:5], row[2:5], strict=True):
            assert (one is None) == (other is None), key
            assert one is None or abs(one - other) <= 5.1e-5 + 1e-9 * abs(other), key
