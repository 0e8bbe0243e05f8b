with

scores as (
    select * from {{ ref('int_health_scores_varied') }}
    where variant in ('whole', 'alone')
),

bins as (
    select
        lower_bound,
        lead(lower_bound) over (order by lower_bound) as upper_bound,
        count(*) over () as bins
    from {{ ref('health_stability_bins') }}
),

rules as (
    select * from {{ ref('health_evidence_rules') }}
),

totals as (
    select
        model_version,
        component,
        month_end,
        count(*) as observations
    from scores
    group by model_version, component, month_end
),

binned as (
    select
        scores.model_version,
        scores.component,
        scores.month_end,
        bins.lower_bound,
        count(*) as binned
    from scores
    inner join bins
        on scores.score >= bins.lower_bound
        and (scores.score < bins.upper_bound or bins.upper_bound is null)
    group by scores.model_version, scores.component, scores.month_end, bins.lower_bound
),

-- Each bin of each month end, empty ones too.
counted as (
    select
        totals.model_version,
        totals.component,
        totals.month_end,
        totals.observations,
        bins.lower_bound,
        bins.bins,
        coalesce(binned.binned, 0) as binned
    from totals
    cross join bins
    left join binned
        on totals.model_version = binned.model_version
        and totals.component = binned.component
        and totals.month_end = binned.month_end
        and bins.lower_bound = binned.lower_bound
),

referred as (
    select
        counted.model_version,
        counted.component,
        counted.month_end,
        counted.lower_bound,
        counted.bins,
        counted.observations,
        counted.binned,
        coalesce(sum(earlier.observations), 0) as reference_observations,
        coalesce(sum(earlier.binned), 0) as reference_binned
    from counted
    cross join rules
    left join counted as earlier
        on counted.model_version = earlier.model_version
        and counted.component = earlier.component
        and counted.lower_bound = earlier.lower_bound
        and counted.month_end > earlier.month_end
        and {{ dbt.datediff('earlier.month_end', 'counted.month_end', 'month') }}
        <= rules.stability_months
    group by
        counted.model_version,
        counted.component,
        counted.month_end,
        counted.lower_bound,
        counted.bins,
        counted.observations,
        counted.binned
),

-- An empty bin would be infinitely unlikely, so each holds a little more than was counted.
smoothed as (
    select
        referred.*,
        (referred.binned + rules.stability_smoothing)
        / (referred.observations + rules.stability_smoothing * referred.bins) as share_now,
        (referred.reference_binned + rules.stability_smoothing)
        / (referred.reference_observations + rules.stability_smoothing * referred.bins)
            as share_before
    from referred
    cross join rules
),

indexed as (
    select
        model_version,
        component,
        month_end,
        observations,
        reference_observations,
        sum((share_now - share_before) * ln(share_now / share_before)) as psi
    from smoothed
    group by model_version, component, month_end, observations, reference_observations
),

judged as (
    select
        indexed.model_version,
        indexed.component,
        indexed.month_end,
        indexed.observations,
        indexed.reference_observations,
        case
            when indexed.observations >= rules.minimum_accounts_for_stability
                and indexed.reference_observations >= rules.minimum_accounts_for_stability
                then {{ rounded('indexed.psi', 9, 4) }}
        end as psi,
        rules.stable_below,
        rules.shifted_from
    from indexed
    cross join rules
)

select
    model_version,
    component,
    month_end,
    cast(observations as integer) as observations,
    cast(reference_observations as integer) as reference_observations,
    psi,
    case
        when psi is null then 'too_few'
        when psi < stable_below then 'stable'
        when psi < shifted_from then 'shifting'
        else 'shifted'
    end as rating
from judged
