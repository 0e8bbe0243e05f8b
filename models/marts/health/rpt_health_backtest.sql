with

observations as (
    select * from {{ ref('int_health_observations_grouped') }}
),

flags as (
    select * from {{ ref('int_health_flags_raised') }}
),

churns_warned as (
    select * from {{ ref('int_health_churns_warned') }}
),

health_models as (
    select * from {{ ref('health_models') }}
),

rules as (
    select * from {{ ref('health_evidence_rules') }}
),

cuts as (
    select cut
    from {{ ref('health_cuts') }}
    group by cut
),

flagged as (
    select
        observations.*,
        cuts.cut,
        flags.cut is not null as is_flagged,
        observations.csm_id || '|' || cast(observations.month_end as {{ dbt.type_string() }})
            as csm_month
    from observations
    cross join cuts
    left join flags
        on observations.model_version = flags.model_version
        and observations.account_id = flags.account_id
        and observations.month_end = flags.month_end
        and cuts.cut = flags.cut
),

counted as (
    select
        model_version,
        horizon_days,
        outcome,
        segment,
        sample,
        cut,
        count(*) as observations,
        count(distinct account_id) as accounts,
        count(case when has_happened then 1 end) as lost_observations,
        count(distinct case when has_happened then account_id end) as lost_accounts,
        count(distinct case when not has_happened then account_id end) as kept_accounts,
        count(case when is_flagged then 1 end) as flagged_observations,
        count(distinct case when is_flagged then account_id end) as flagged_accounts,
        count(case when is_flagged and has_happened then 1 end) as flagged_lost_observations,
        count(case when is_flagged and not has_happened then 1 end) as false_alarms,
        count(case when is_flagged and not has_happened then csm_month end)
            as false_alarms_of_csms,
        count(distinct csm_month) as csm_months,
        sum(kept_accounts_scored_higher) as pairs_ranked_rightly,
        sum(kept_accounts) as pairs,
        count(expected_share) as forecast_observations,
        count(distinct case when expected_share is not null then account_id end)
            as forecast_accounts,
        avg(
            (expected_share - case when has_happened then 1 else 0 end)
            * (expected_share - case when has_happened then 1 else 0 end)
        ) as brier_score,
        avg(
            case
                when expected_share is not null
                    then (base_share - case when has_happened then 1 else 0 end)
                        * (base_share - case when has_happened then 1 else 0 end)
            end
        ) as brier_reference,
        sum(mrr_lost) as mrr_lost,
        sum(case when is_flagged then mrr_lost else 0 end) as mrr_lost_flagged,
        min(month_end) as first_month_end,
        max(month_end) as last_month_end
    from flagged
    group by model_version, horizon_days, outcome, segment, sample, cut
),

churns_by_segment as (
    select
        *,
        'all' as segment_or_all
    from churns_warned

    union all

    select
        *,
        segment as segment_or_all
    from churns_warned
),

lead_times as (
    select
        model_version,
        horizon_days,
        segment_or_all as segment,
        sample,
        cut,
        count(*) as churns,
        count(lead_days) as churns_flagged,
        percentile_cont(0.5) within group (order by lead_days) as median_lead_days
    from churns_by_segment
    group by model_version, horizon_days, segment_or_all, sample, cut
),

with_lead_times as (
    select
        counted.*,
        health_models.status as model_status,
        coalesce(lead_times.churns, 0) as churns,
        coalesce(lead_times.churns_flagged, 0) as churns_flagged,
        lead_times.median_lead_days,
        counted.accounts >= rules.minimum_accounts as is_enough,
        counted.lost_accounts >= rules.minimum_lost_accounts as is_lost_enough,
        counted.kept_accounts >= rules.minimum_kept_accounts as is_kept_enough,
        counted.flagged_accounts >= rules.minimum_flagged_accounts as is_flagged_enough,
        counted.forecast_accounts >= rules.minimum_accounts as is_forecast_enough,
        coalesce(lead_times.churns_flagged, 0) >= rules.minimum_flagged_churns
            as is_churns_flagged_enough,
        rules.minimum_accounts,
        rules.minimum_lost_accounts,
        rules.minimum_kept_accounts,
        rules.minimum_flagged_accounts,
        rules.minimum_flagged_churns,
        rules.interval_z
    from counted
    inner join health_models
        on counted.model_version = health_models.model_version
    cross join rules
    left join lead_times
        on counted.model_version = lead_times.model_version
        and counted.horizon_days = lead_times.horizon_days
        and counted.segment = lead_times.segment
        and counted.sample = lead_times.sample
        and counted.cut = lead_times.cut
),

measured as (
    select
        model_version,
        model_status,
        horizon_days,
        outcome,
        segment,
        sample,
        cut,
        observations,
        accounts,
        lost_observations,
        lost_accounts,
        flagged_observations,
        flagged_accounts,
        flagged_lost_observations,
        case when is_enough then 1.0 * lost_observations / observations end as base_rate,
        case when is_flagged_enough then 1.0 * flagged_lost_observations / flagged_observations end
            as flag_precision,
        case
            when is_flagged_enough
                then {{ wilson_low('flagged_lost_observations', 'flagged_observations', 'interval_z') }}
        end as flag_precision_low,
        case
            when is_flagged_enough
                then {{ wilson_high('flagged_lost_observations', 'flagged_observations', 'interval_z') }}
        end as flag_precision_high,
        case when is_lost_enough then 1.0 * flagged_lost_observations / lost_observations end
            as flag_recall,
        case
            when is_lost_enough
                then {{ wilson_low('flagged_lost_observations', 'lost_observations', 'interval_z') }}
        end as flag_recall_low,
        case
            when is_lost_enough
                then {{ wilson_high('flagged_lost_observations', 'lost_observations', 'interval_z') }}
        end as flag_recall_high,
        case
            when is_flagged_enough and is_lost_enough
                then 1.0 * flagged_lost_observations / flagged_observations
                    * observations / lost_observations
        end as lift,
        case when is_lost_enough and is_kept_enough then pairs_ranked_rightly / pairs end as auc,
        forecast_observations,
        case when is_lost_enough and is_forecast_enough then brier_score end as brier_score,
        case when is_lost_enough and is_forecast_enough then brier_reference end as brier_reference,
        mrr_lost,
        mrr_lost_flagged,
        case when is_lost_enough then mrr_lost_flagged / mrr_lost end as mrr_captured_share,
        false_alarms,
        csm_months,
        case when is_enough then 1.0 * false_alarms_of_csms / nullif(csm_months, 0) end
            as false_alarms_per_csm_month,
        churns,
        churns_flagged,
        case when is_churns_flagged_enough then median_lead_days end as median_lead_days,
        first_month_end,
        last_month_end,
        {{ too_few([
            ('accounts', 'accounts', 'minimum_accounts'),
            ('lost accounts', 'lost_accounts', 'minimum_lost_accounts'),
            ('kept accounts', 'kept_accounts', 'minimum_kept_accounts'),
            ('flagged accounts', 'flagged_accounts', 'minimum_flagged_accounts'),
            ('accounts with a forecast', 'forecast_accounts', 'minimum_accounts'),
            ('flagged churns', 'churns_flagged', 'minimum_flagged_churns'),
        ]) }} as too_few
    from with_lead_times
),

baselines as (
    select
        horizon_days,
        outcome,
        segment,
        sample,
        max(auc) as auc_best_baseline
    from measured
    where model_status = 'baseline'
    group by horizon_days, outcome, segment, sample
),

compared as (
    select
        measured.*,
        case when measured.model_status <> 'baseline' then baselines.auc_best_baseline end
            as auc_best_baseline
    from measured
    left join baselines
        on measured.horizon_days = baselines.horizon_days
        and measured.outcome = baselines.outcome
        and measured.segment = baselines.segment
        and measured.sample = baselines.sample
)

select
    model_version,
    model_status,
    cast(horizon_days as integer) as horizon_days,
    outcome,
    segment,
    sample,
    cut,
    cast(observations as integer) as observations,
    cast(accounts as integer) as accounts,
    cast(lost_observations as integer) as lost_observations,
    cast(lost_accounts as integer) as lost_accounts,
    cast(flagged_observations as integer) as flagged_observations,
    cast(flagged_accounts as integer) as flagged_accounts,
    cast(flagged_lost_observations as integer) as flagged_lost_observations,
    cast(base_rate as decimal(9, 6)) as base_rate,
    cast(flag_precision as decimal(9, 6)) as flag_precision,
    cast(flag_precision_low as decimal(9, 6)) as flag_precision_low,
    cast(flag_precision_high as decimal(9, 6)) as flag_precision_high,
    cast(flag_recall as decimal(9, 6)) as flag_recall,
    cast(flag_recall_low as decimal(9, 6)) as flag_recall_low,
    cast(flag_recall_high as decimal(9, 6)) as flag_recall_high,
    cast(lift as decimal(9, 4)) as lift,
    cast(auc as decimal(9, 6)) as auc,
    cast(auc_best_baseline as decimal(9, 6)) as auc_best_baseline,
    auc > auc_best_baseline as beats_baselines,
    cast(forecast_observations as integer) as forecast_observations,
    cast(brier_score as decimal(9, 6)) as brier_score,
    cast(brier_reference as decimal(9, 6)) as brier_reference,
    {{ money('mrr_lost') }} as mrr_lost,
    {{ money('mrr_lost_flagged') }} as mrr_lost_flagged,
    cast(mrr_captured_share as decimal(9, 6)) as mrr_captured_share,
    cast(false_alarms as integer) as false_alarms,
    cast(csm_months as integer) as csm_months,
    cast(false_alarms_per_csm_month as decimal(9, 4)) as false_alarms_per_csm_month,
    cast(churns as integer) as churns,
    cast(churns_flagged as integer) as churns_flagged,
    cast(median_lead_days as decimal(9, 1)) as median_lead_days,
    first_month_end,
    last_month_end,
    too_few
from compared
