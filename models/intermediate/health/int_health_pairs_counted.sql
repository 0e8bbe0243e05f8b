with

varied as (
    select * from {{ ref('int_health_scores_varied') }}
),

judged as (
    select * from {{ ref('int_health_observations_judged') }}
),

outcomes as (
    select
        *,
        'churned' as outcome,
        has_churned as has_happened
    from judged

    union all

    select
        *,
        'churned_or_contracted' as outcome,
        has_lost as has_happened
    from judged
),

scored as (
    select
        varied.model_version,
        varied.variant,
        varied.component,
        varied.account_id,
        varied.month_end,
        varied.score,
        outcomes.horizon_days,
        outcomes.outcome,
        outcomes.segment,
        outcomes.is_out_of_time,
        outcomes.has_happened
    from varied
    inner join outcomes
        on varied.model_version = outcomes.model_version
        and varied.account_id = outcomes.account_id
        and varied.month_end = outcomes.month_end
),

counted as (
    select
        model_version,
        variant,
        component,
        month_end,
        horizon_days,
        outcome,
        score,
        sum(case when has_happened then 0 else 1 end) as kept_at_same_score
    from scored
    group by model_version, variant, component, month_end, horizon_days, outcome, score
),

-- Accounts are compared with those scored at the same month's end.
ranked as (
    select
        *,
        sum(kept_at_same_score) over same_month as kept_accounts,
        sum(kept_at_same_score) over (same_month order by score desc) as kept_at_or_above
    from counted
    window same_month as (
        partition by model_version, variant, component, month_end, horizon_days, outcome
    )
)

select
    scored.model_version,
    scored.variant,
    scored.component,
    scored.account_id,
    scored.month_end,
    scored.horizon_days,
    scored.outcome,
    scored.segment,
    scored.is_out_of_time,
    ranked.kept_accounts,
    ranked.kept_at_or_above - ranked.kept_at_same_score / 2.0 as kept_accounts_scored_higher
from scored
inner join ranked
    on scored.model_version = ranked.model_version
    and scored.variant = ranked.variant
    and scored.component = ranked.component
    and scored.month_end = ranked.month_end
    and scored.horizon_days = ranked.horizon_days
    and scored.outcome = ranked.outcome
    and scored.score = ranked.score
where scored.has_happened
