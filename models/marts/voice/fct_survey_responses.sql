with

invitations as (
    select * from {{ ref('int_survey_invitations_resolved') }}
),

categories as (
    select * from {{ ref('survey_categories') }}
),

policies as (
    select * from {{ ref('survey_policies') }}
),

counted as (
    select * from {{ ref('int_survey_answers_counted') }}
),

paying_spans as (
    select * from {{ ref('int_account_paying_spans_merged') }}
),

follow_ups as (
    select * from {{ ref('int_detractors_followed_up') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

described as (
    select
        invitations.*,
        categories.category,
        policies.follow_up_business_days,
        case when counted.span_end_date <= {{ as_of_date() }} then counted.span_end_date end
            as counting_closed_date,
        coalesce(counted.is_latest, false) as is_counted,
        case
            when invitations.responded_at is not null then paying_spans.account_id is not null
        end as is_paying_account,
        follow_ups.followed_up_at as closed_loop_at
    from invitations
    inner join policies
        on invitations.survey_type = policies.survey_type
    left join categories
        on invitations.survey_type = categories.survey_type
        and invitations.score between categories.lowest_score and categories.highest_score
    left join counted
        on invitations.response_id = counted.response_id
    left join paying_spans
        on invitations.account_id = paying_spans.account_id
        and {{ is_in_force(
            'invitations.responded_date', 'paying_spans.paying_from', 'paying_spans.paying_to'
        ) }}
    left join follow_ups
        on invitations.response_id = follow_ups.response_id
),

waited as (
    select
        described.*,
        follow_up_dates.business_day_number - response_dates.business_day_number
            as follow_up_days,
        as_of_dates.business_day_number - response_dates.business_day_number as days_passed
    from described
    left join dates as response_dates
        on described.responded_date = response_dates.date_day
    left join dates as follow_up_dates
        on cast(described.closed_loop_at as date) = follow_up_dates.date_day
    left join dates as as_of_dates
        on as_of_dates.date_day = {{ as_of_date() }}
),

final as (
    select
        waited.response_id,
        waited.survey_type,
        waited.audience,
        waited.account_id,
        account_versions.account_version_id,
        waited.contact_id,
        waited.sent_at,
        waited.sent_date,
        waited.responded_at,
        waited.responded_date,
        waited.responded_at is not null as is_answered,
        cast(waited.score as integer) as score,
        waited.category,
        waited.is_counted,
        waited.counting_closed_date,
        waited.is_paying_account,
        waited.closed_loop_at,
        -- What is neither followed up nor overdue is not due: neither true nor false.
        case
            when waited.category <> 'detractor' then null
            when waited.follow_up_days <= waited.follow_up_business_days then true
            when waited.follow_up_days > waited.follow_up_business_days then false
            when waited.days_passed > waited.follow_up_business_days then false
        end as is_loop_closed_in_time
    from waited
    {{ join_account_version('waited', 'waited.sent_date') }}
)

select * from final
