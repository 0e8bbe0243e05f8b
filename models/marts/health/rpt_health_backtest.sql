with

evidence as (
    select * from {{ ref('int_health_groups_counted') }}
),

observations as (
    select * from {{ ref('int_health_observations_grouped') }}
),

flags as (
    select * from {{ ref('int_health_flags_raised') }}
),

aucs as (
    select * from {{ ref('int_health_aucs_measured') }}
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
        observations.model_version,
        observations.horizon_days,
        observations.outcome,
        observations.segment,
        observations.sample,
        flags.cut,
        count(*) as flagged_observations,
        count(distinct observations.account_id) as flagged_accounts,
        count(case when observations.has_happened then 1 end) as flagged_lost_observations,
        count(case when not observations.has_happened then 1 end) as false_alarms,
        count(case when not observations.has_happened then observations.csm_id end)
            as false_alarms_of_csms,
        sum(observations.mrr_lost) as mrr_lost_flagged
    from observations
    inner join flags
        on observations.model_version = flags.model_version
        and observations.account_id = flags.account_id
        and observations.month_end = flags.month_end
    group by
        observations.model_version,
        observations.horizon_days,
        observations.outcome,
        observations.segment,
        observations.sample,
        flags.cut
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

baselines as (
    select
        model_version,
        horizon_days,
        outcome,
        segment,
        sample,
        max(auc) as auc_best_baseline
    from aucs
    where variant = 'baseline'
    group by model_version, horizon_days, outcome, segment, sample
),

joined as (
    select
        evidence.*,
        health_models.status as model_status,
        cuts.cut,
        coalesce(flagged.flagged_observations, 0) as flagged_observations,
        coalesce(flagged.flagged_accounts, 0) as flagged_accounts,
        coalesce(flagged.flagged_lost_observations, 0) as flagged_lost_observations,
        coalesce(flagged.false_alarms, 0) as false_alarms,
        coalesce(flagged.false_alarms_of_csms, 0) as false_alarms_of_csms,
        coalesce(flagged.mrr_lost_flagged, 0) as mrr_lost_flagged,
        aucs.auc,
        baselines.auc_best_baseline,
        coalesce(lead_times.churns, 0) as churns,
        coalesce(lead_times.churns_flagged, 0) as churns_flagged,
        lead_times.median_lead_days,
        rules.minimum_accounts,
        rules.minimum_lost_accounts,
        rules.minimum_kept_accounts,
        rules.minimum_flagged_accounts,
        rules.minimum_flagged_churns,
        rules.interval_z
    from evidence
    inner join health_models
        on evidence.model_version = health_models.model_version
    cross join cuts
    cross join rules
    left join flagged
        on evidence.model_version = flagged.model_version
        and evidence.horizon_days = flagged.horizon_days
        and evidence.outcome = flagged.outcome
        and evidence.segment = flagged.segment
        and evidence.sample = flagged.sample
        and cuts.cut = flagged.cut
    left join aucs
        on evidence.model_version = aucs.model_version
        and evidence.horizon_days = aucs.horizon_days
        and evidence.outcome = aucs.outcome
        and evidence.segment = aucs.segment
        and evidence.sample = aucs.sample
        and aucs.variant = 'whole'
    left join baselines
        on evidence.model_version = baselines.model_version
        and evidence.horizon_days = baselines.horizon_days
        and evidence.outcome = baselines.outcome
        and evidence.segment = baselines.segment
        and evidence.sample = baselines.sample
    left join lead_times
        on evidence.model_version = lead_times.model_version
        and evidence.horizon_days = lead_times.horizon_days
        and evidence.segment = lead_times.segment
        and evidence.sample = lead_times.sample
        and cuts.cut = lead_times.cut
),

weighed as (
    select
        *,
        accounts >= minimum_accounts as is_enough,
        lost_accounts >= minimum_lost_accounts as is_lost_enough,
        lost_accounts >= minimum_lost_accounts
        and kept_accounts >= minimum_kept_accounts as is_paired_enough,
        lost_accounts >= minimum_lost_accounts
        and forecast_accounts >= minimum_accounts as is_forecast_enough,
        flagged_accounts >= minimum_flagged_accounts as is_flagged_enough,
        churns_flagged >= minimum_flagged_churns as is_warned_enough
    from joined
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
                then {{ wilson_low(
                    'flagged_lost_observations', 'flagged_observations', 'interval_z'
                ) }}
        end as flag_precision_low,
        case
            when is_flagged_enough
                then {{ wilson_high(
                    'flagged_lost_observations', 'flagged_observations', 'interval_z'
                ) }}
        end as flag_precision_high,
        case when is_lost_enough then 1.0 * flagged_lost_observations / lost_observations end
            as flag_recall,
        case
            when is_lost_enough
                then {{ wilson_low(
                    'flagged_lost_observations', 'lost_observations', 'interval_z'
                ) }}
        end as flag_recall_low,
        case
            when is_lost_enough
                then {{ wilson_high(
                    'flagged_lost_observations', 'lost_observations', 'interval_z'
                ) }}
        end as flag_recall_high,
        case
            when is_flagged_enough and is_lost_enough
                then 1.0 * flagged_lost_observations / flagged_observations
                    * observations / lost_observations
        end as lift,
        case when is_paired_enough then auc end as auc,
        case when is_paired_enough then auc_best_baseline end as auc_best_baseline,
        forecast_observations,
        case when is_forecast_enough then brier_score end as brier_score,
        case when is_forecast_enough then brier_reference end as brier_reference,
        mrr_lost,
        mrr_lost_flagged,
        case when is_lost_enough then mrr_lost_flagged / mrr_lost end as mrr_captured_share,
        false_alarms,
        csm_months,
        case when is_enough then 1.0 * false_alarms_of_csms / nullif(csm_months, 0) end
            as false_alarms_per_csm_month,
        churns,
        churns_flagged,
        case when is_warned_enough then median_lead_days end as median_lead_days,
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
    from weighed
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
    {{ rounded('base_rate', 9, 6) }} as base_rate,
    {{ rounded('flag_precision', 9, 6) }} as flag_precision,
    {{ rounded('flag_precision_low', 9, 6) }} as flag_precision_low,
    {{ rounded('flag_precision_high', 9, 6) }} as flag_precision_high,
    {{ rounded('flag_recall', 9, 6) }} as flag_recall,
    {{ rounded('flag_recall_low', 9, 6) }} as flag_recall_low,
    {{ rounded('flag_recall_high', 9, 6) }} as flag_recall_high,
    {{ rounded('lift', 9, 4) }} as lift,
    {{ rounded('auc', 9, 6) }} as auc,
    {{ rounded('auc_best_baseline', 9, 6) }} as auc_best_baseline,
    auc > auc_best_baseline as beats_baselines,
    cast(forecast_observations as integer) as forecast_observations,
    {{ rounded('brier_score', 9, 6) }} as brier_score,
    {{ rounded('brier_reference', 9, 6) }} as brier_reference,
    {{ money('mrr_lost') }} as mrr_lost,
    {{ money('mrr_lost_flagged') }} as mrr_lost_flagged,
    {{ rounded('mrr_captured_share', 9, 6) }} as mrr_captured_share,
    cast(false_alarms as integer) as false_alarms,
    cast(csm_months as integer) as csm_months,
    {{ rounded('false_alarms_per_csm_month', 9, 4) }} as false_alarms_per_csm_month,
    cast(churns as integer) as churns,
    cast(churns_flagged as integer) as churns_flagged,
    cast(median_lead_days as decimal(9, 1)) as median_lead_days,
    first_month_end,
    last_month_end,
    too_few
from measured
