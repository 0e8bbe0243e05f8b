{#- Each list of events gives: whose, what, from which system, by which id there, when,
    in words and, where money is concerned, how much. -#}

with

touches as (
    select
        account_id,
        'touch' as event_type,
        'crm' as source_system,
        activity_id as source_id,
        touched_at as occurred_at,
        touch_type as summary,
        {{ money('null') }} as amount
    from {{ ref('int_touches_resolved') }}
),

versions as (
    select
        *,
        lag(segment) over (partition by account_id order by valid_from) as previous_segment,
        lag(csm_id) over (partition by account_id order by valid_from) as previous_csm_id,
        row_number() over (partition by account_id order by valid_from) as version_number
    from {{ ref('dim_account_history') }}
),

segment_changes as (
    select
        account_id,
        'segment_changed' as event_type,
        'crm' as source_system,
        account_version_id as source_id,
        cast(valid_from as {{ dbt.type_timestamp() }}) as occurred_at,
        coalesce(previous_segment, 'none') || ' to ' || coalesce(segment, 'none') as summary,
        {{ money('null') }} as amount
    from versions
    where version_number > 1
        and coalesce(segment, 'none') <> coalesce(previous_segment, 'none')
),

csm_changes as (
    select
        account_id,
        'csm_changed' as event_type,
        'crm' as source_system,
        account_version_id as source_id,
        cast(valid_from as {{ dbt.type_timestamp() }}) as occurred_at,
        coalesce(previous_csm_id, 'none') || ' to ' || coalesce(csm_id, 'none') as summary,
        {{ money('null') }} as amount
    from versions
    where version_number > 1
        and coalesce(csm_id, 'none') <> coalesce(previous_csm_id, 'none')
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

departures as (
    select
        ids.resolved_account_id as account_id,
        'contact_left' as event_type,
        'crm' as source_system,
        contacts.contact_id as source_id,
        contacts.left_at as occurred_at,
        case
            when contacts.is_champion then 'champion'
            when contacts.is_executive_sponsor then 'executive sponsor'
            else 'contact'
        end as summary,
        {{ money('null') }} as amount
    from {{ ref('stg_crm__contacts') }} as contacts
    inner join ids
        on contacts.account_id = ids.account_id
    where contacts.left_at is not null
),

movements as (
    select
        account_id,
        'mrr_' || movement_type as event_type,
        'billing' as source_system,
        mrr_movement_id as source_id,
        cast({{ month_end('month_start') }} as {{ dbt.type_timestamp() }}) as occurred_at,
        'MRR of the month' as summary,
        amount
    from {{ ref('fct_mrr_movements') }}
    where movement_type <> 'fx'
),

term_ends as (
    select
        account_id,
        'term_ended' as event_type,
        'billing' as source_system,
        renewal_id as source_id,
        cast(term_end_date as {{ dbt.type_timestamp() }}) as occurred_at,
        coalesce(outcome, 'open') as summary,
        expiring_arr as amount
    from {{ ref('fct_renewals') }}
    where term_end_date <= {{ as_of_date() }}
),

late_invoices as (
    select
        account_id,
        'invoice_overdue' as event_type,
        'billing' as source_system,
        invoice_id as source_id,
        cast({{ add_days('due_date', 1) }} as {{ dbt.type_timestamp() }}) as occurred_at,
        'unpaid on its due date' as summary,
        amount_due as amount
    from {{ ref('fct_invoices') }}
    where days_overdue > 0
),

milestones as (
    select
        account_id,
        'milestone_reached' as event_type,
        'usage' as source_system,
        account_milestone_id as source_id,
        cast(reached_date as {{ dbt.type_timestamp() }}) as occurred_at,
        milestone as summary,
        {{ money('null') }} as amount
    from {{ ref('fct_adoption_milestones') }}
    where reached_date is not null
),

tickets as (
    select * from {{ ref('fct_tickets') }}
    where is_counted
),

tickets_opened as (
    select
        account_id,
        'ticket_opened' as event_type,
        'tickets' as source_system,
        ticket_id as source_id,
        created_at as occurred_at,
        coalesce(priority, 'no') || ' priority' as summary,
        {{ money('null') }} as amount
    from tickets
),

tickets_escalated as (
    select
        account_id,
        'ticket_escalated' as event_type,
        'tickets' as source_system,
        ticket_id as source_id,
        escalated_at as occurred_at,
        coalesce(priority, 'no') || ' priority' as summary,
        {{ money('null') }} as amount
    from tickets
    where escalated_at is not null
),

tickets_solved as (
    select
        account_id,
        'ticket_solved' as event_type,
        'tickets' as source_system,
        ticket_id as source_id,
        solved_at as occurred_at,
        coalesce(resolution_code, 'no resolution code') as summary,
        {{ money('null') }} as amount
    from tickets
    where solved_at is not null
),

survey_answers as (
    select
        account_id,
        'survey_answered' as event_type,
        'surveys' as source_system,
        response_id as source_id,
        responded_at as occurred_at,
        survey_type || ' ' || cast(score as {{ dbt.type_string() }}) as summary,
        {{ money('null') }} as amount
    from {{ ref('fct_survey_responses') }}
    where score is not null
),

onboarding_starts as (
    select
        account_id,
        'onboarding_started' as event_type,
        'success' as source_system,
        project_id as source_id,
        cast(started_date as {{ dbt.type_timestamp() }}) as occurred_at,
        path as summary,
        {{ money('null') }} as amount
    from {{ ref('fct_onboarding_projects') }}
),

onboarding_ends as (
    select
        account_id,
        'onboarding_completed' as event_type,
        'success' as source_system,
        project_id as source_id,
        cast(completed_date as {{ dbt.type_timestamp() }}) as occurred_at,
        path as summary,
        {{ money('null') }} as amount
    from {{ ref('fct_onboarding_projects') }}
    where completed_date is not null
),

ctas_opened as (
    select
        account_id,
        'cta_opened' as event_type,
        'success' as source_system,
        cta_id as source_id,
        created_at as occurred_at,
        playbook_key as summary,
        {{ money('null') }} as amount
    from {{ ref('fct_ctas') }}
),

ctas_closed as (
    select
        account_id,
        'cta_closed' as event_type,
        'success' as source_system,
        cta_id as source_id,
        closed_at as occurred_at,
        playbook_key || ', ' || coalesce(outcome, 'no outcome') as summary,
        {{ money('null') }} as amount
    from {{ ref('fct_ctas') }}
    where closed_at is not null
),

stage_changes as (
    select
        account_id,
        'stage_changed' as event_type,
        'bellwether' as source_system,
        transition_id as source_id,
        cast(transition_date as {{ dbt.type_timestamp() }}) as occurred_at,
        coalesce(from_stage, 'none') || ' to ' || to_stage as summary,
        {{ money('null') }} as amount
    from {{ ref('fct_lifecycle_transitions') }}
),

bands as (
    select
        *,
        lag(final_band) over (
            partition by account_id order by observation_date
        ) as previous_band
    from {{ ref('fct_health_scores') }}
    where is_champion
        and period_type = 'month_end'
),

band_changes as (
    select
        account_id,
        'health_band_changed' as event_type,
        'bellwether' as source_system,
        account_id || '|' || cast(observation_date as {{ dbt.type_string() }}) as source_id,
        cast(observation_date as {{ dbt.type_timestamp() }}) as occurred_at,
        coalesce(previous_band, 'none') || ' to ' || coalesce(final_band, 'none') as summary,
        {{ money('null') }} as amount
    from bands
    where coalesce(final_band, 'none') <> coalesce(previous_band, 'none')
),

events as (
    {%- for events in [
        'touches', 'segment_changes', 'csm_changes', 'departures', 'movements', 'term_ends',
        'late_invoices', 'milestones', 'tickets_opened', 'tickets_escalated',
        'tickets_solved', 'survey_answers', 'onboarding_starts', 'onboarding_ends',
        'ctas_opened', 'ctas_closed', 'stage_changes', 'band_changes',
    ] %}
    select * from {{ events }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
),

numbered as (
    select
        event_type || '|' || source_id as event_id,
        account_id,
        cast(
            row_number() over (
                partition by account_id
                order by occurred_at, event_type, source_id
            ) as integer
        ) as event_number,
        occurred_at,
        cast(occurred_at as date) as event_date,
        event_type,
        source_system,
        source_id,
        summary,
        amount
    from events
    where cast(occurred_at as date) <= {{ as_of_date() }}
)

select * from numbered
