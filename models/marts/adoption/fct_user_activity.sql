with

user_days as (
    select * from {{ ref('int_user_days_aggregated') }}
),

paying_spans as (
    select * from {{ ref('int_account_paying_spans_merged') }}
)

select
    user_days.product_user_id,
    user_days.account_id,
    account_versions.account_version_id,
    user_days.activity_date,
    user_days.event_count,
    user_days.qualifying_event_count,
    user_days.qualifying_event_count > 0 as is_qualifying,
    paying_spans.account_id is not null as is_paying_account
from user_days
left join paying_spans
    on user_days.account_id = paying_spans.account_id
    and user_days.activity_date >= paying_spans.paying_from
    and user_days.activity_date < paying_spans.paying_to
{{ join_account_version('user_days', 'user_days.activity_date') }}
