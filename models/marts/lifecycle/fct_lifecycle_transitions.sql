with

spans as (
    select * from {{ ref('int_lifecycle_stage_spans_found') }}
),

stages as (
    select * from {{ ref('lifecycle_stages') }}
),

last_stages as (
    select
        effective_from,
        effective_to,
        max(stage_order) as stage_order
    from stages
    group by effective_from, effective_to
),

final as (
    select
        spans.account_id || '|' || cast(spans.entered_date as {{ dbt.type_string() }})
            as transition_id,
        spans.account_id,
        account_versions.account_version_id,
        spans.entered_date as transition_date,
        spans.previous_stage as from_stage,
        spans.stage as to_stage,
        {{ days_between('spans.previous_entered_date', 'spans.entered_date') }}
            as days_in_from_stage,
        coalesce(spans.stage_order > spans.previous_stage_order, false) as is_advance,
        coalesce(spans.stage_order < last_stages.stage_order, false) as has_next_stage
    from spans
    left join last_stages
        on {{ is_in_force(
            'spans.entered_date', 'last_stages.effective_from', 'last_stages.effective_to'
        ) }}
    {{ join_account_version('spans', 'spans.entered_date') }}
)

select * from final
