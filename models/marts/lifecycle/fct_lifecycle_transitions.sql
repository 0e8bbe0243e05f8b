with

spans as (
    select
        *,
        case when next_stage_order > stage_order then left_date end as moved_on_date
    from {{ ref('int_lifecycle_stage_spans_found') }}
),

stages as (
    select * from {{ ref('lifecycle_stages') }}
),

-- Of the version in force on the day of the entry.
judged as (
    select
        spans.*,
        {{ days_between('spans.entered_date', 'spans.moved_on_date') }} <= stages.conversion_days
            as is_converted,
        stages.conversion_days is not null as has_next_stage
    from spans
    left join stages
        on spans.stage = stages.stage
        and {{ is_in_force(
            'spans.entered_date', 'stages.effective_from', 'stages.effective_to'
        ) }}
),

final as (
    select
        judged.account_id || '|' || cast(judged.entered_date as {{ dbt.type_string() }})
            as transition_id,
        judged.account_id,
        account_versions.account_version_id,
        judged.entered_date as transition_date,
        judged.previous_stage as from_stage,
        judged.stage as to_stage,
        {{ days_between('judged.previous_entered_date', 'judged.entered_date') }}
            as days_in_from_stage,
        coalesce(judged.stage_order > judged.previous_stage_order, false) as is_advance,
        judged.left_date,
        judged.moved_on_date,
        coalesce(judged.is_converted, false) as is_converted,
        case when judged.is_converted then judged.moved_on_date else judged.entered_date end
            as conversion_date,
        judged.has_next_stage
    from judged
    {{ join_account_version('judged', 'judged.entered_date') }}
)

select * from final
