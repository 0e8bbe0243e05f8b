with

evidence as (
    select * from {{ ref('int_health_groups_counted') }}
),

observations as (
    select * from {{ ref('int_health_observations_grouped') }}
),

rules as (
    select * from {{ ref('health_evidence_rules') }}
),

binned as (
    select
        *,
        'band' as bin_type,
        band as bin
    from observations

    union all

    select
        *,
        'decile' as bin_type,
        cast(decile as {{ dbt.type_string() }}) as bin
    from observations
),

counted as (
    select
        model_version,
        horizon_days,
        outcome,
        segment,
        sample,
        bin_type,
        bin,
        count(*) as observations,
        count(distinct account_id) as accounts,
        count(case when has_happened then 1 end) as lost,
        count(expected_share) as forecast_observations,
        count(case when has_happened then expected_share end) as forecast_lost,
        count(distinct case when expected_share is not null then account_id end)
            as forecast_accounts,
        avg(expected_share) as expected_rate,
        avg(score) as average_score
    from binned
    group by model_version, horizon_days, outcome, segment, sample, bin_type, bin
),

weighed as (
    select
        counted.*,
        1.0 * evidence.lost_observations / evidence.observations as base_rate,
        evidence.lost_accounts,
        counted.accounts >= rules.minimum_accounts as is_enough,
        counted.forecast_accounts >= rules.minimum_accounts as is_forecast_enough,
        evidence.lost_accounts >= rules.minimum_lost_accounts as is_lost_enough,
        rules.minimum_accounts,
        rules.minimum_lost_accounts,
        rules.interval_z
    from counted
    inner join evidence
        on counted.model_version = evidence.model_version
        and counted.horizon_days = evidence.horizon_days
        and counted.outcome = evidence.outcome
        and counted.segment = evidence.segment
        and counted.sample = evidence.sample
    cross join rules
),

measured as (
    select
        *,
        1.0 * lost / observations as observed_rate,
        {{ wilson_low('lost', 'observations', 'interval_z') }} as observed_low,
        {{ wilson_high('lost', 'observations', 'interval_z') }} as observed_high,
        {{ too_few([
            ('accounts', 'accounts', 'minimum_accounts'),
            ('accounts with a forecast', 'forecast_accounts', 'minimum_accounts'),
            ('lost accounts in all bins', 'lost_accounts', 'minimum_lost_accounts'),
        ]) }} as too_few
    from weighed
)

select
    model_version,
    cast(horizon_days as integer) as horizon_days,
    outcome,
    segment,
    sample,
    bin_type,
    bin,
    cast(observations as integer) as observations,
    cast(accounts as integer) as accounts,
    cast(lost as integer) as lost,
    cast(forecast_observations as integer) as forecast_observations,
    cast(case when is_forecast_enough then expected_rate end as decimal(9, 6)) as expected_rate,
    {{ rounded(
        'case when is_forecast_enough then 1.0 * forecast_lost / forecast_observations end', 9, 6
    ) }} as forecast_observed_rate,
    {{ rounded('case when is_enough then observed_rate end', 9, 6) }} as observed_rate,
    {{ rounded('case when is_enough then observed_low end', 9, 6) }} as observed_low,
    {{ rounded('case when is_enough then observed_high end', 9, 6) }} as observed_high,
    {{ rounded(
        'case when is_enough and is_lost_enough then observed_rate / base_rate end', 9, 4
    ) }} as lift,
    {{ rounded('average_score', 9, 4) }} as average_score,
    too_few
from measured
