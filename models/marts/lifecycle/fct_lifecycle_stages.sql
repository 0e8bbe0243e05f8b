with

dates as (
    select * from {{ ref('int_observation_dates_listed') }}
),

stages as (
    select * from {{ ref('int_lifecycle_stages_derived') }}
),

spans as (
    select * from {{ ref('int_lifecycle_stage_spans_found') }}
),

account_months as (
    select * from {{ ref('fct_account_months') }}
),

-- Where the CRM keeps no stages at all there is nothing to compare.
crm as (
    select count(lifecycle_stage) > 0 as keeps_stages
    from {{ ref('dim_account_history') }}
),

with_record as (
    select
        stages.*,
        account_versions.account_version_id,
        account_versions.lifecycle_stage as recorded_stage,
        account_versions.segment,
        account_versions.csm_id
    from stages
    {{ join_account_version('stages', 'stages.observation_date') }}
),

final as (
    select
        dates.observation_date,
        dates.period_type,
        with_record.account_id,
        account_months.account_month_id,
        with_record.account_version_id,
        with_record.is_active_customer,
        with_record.recorded_stage,
        with_record.derived_stage,
        case
            when crm.keeps_stages
                then coalesce(with_record.recorded_stage = with_record.derived_stage, false)
        end as is_matching,
        coalesce(spans.entered_date, with_record.observation_date) as entered_date,
        coalesce({{ days_between('spans.entered_date', 'with_record.observation_date') }}, 0)
            as days_in_stage,
        with_record.segment,
        with_record.csm_id
    from with_record
    inner join dates
        on with_record.observation_date = dates.observation_date
    cross join crm
    left join spans
        on with_record.account_id = spans.account_id
        and with_record.derived_stage = spans.stage
        and {{ is_in_force(
            'with_record.observation_date', 'spans.entered_date', 'spans.left_date'
        ) }}
    left join account_months
        on with_record.account_id = account_months.account_id
        and with_record.observation_date = account_months.month_end
)

select * from final
