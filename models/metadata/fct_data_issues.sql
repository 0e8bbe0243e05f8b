with

found as (
    select * from {{ ref('int_data_issues_found') }}
),

{% if is_incremental() -%}
known as (
    select * from {{ this }}
),
{%- else -%}
-- Nothing is known yet.
known as (
    select
        issue_id,
        rule,
        in_words,
        severity,
        system,
        table_name,
        field,
        record_key,
        detail,
        owner,
        suggested_fix,
        'open' as status,
        {{ as_of_date() }} as first_seen_on,
        {{ as_of_date() }} as last_seen_on,
        cast(null as date) as closed_on,
        0 as times_reopened
    from found
    where 1 = 0
),
{%- endif %}

newest as (
    select max(coalesce(closed_on, last_seen_on)) as logged_on
    from known
),

seen as (
    select
        found.issue_id,
        found.rule,
        found.in_words,
        found.severity,
        found.system,
        found.table_name,
        found.field,
        found.record_key,
        found.detail,
        found.owner,
        found.suggested_fix,
        case
            when known.status = 'closed' then 'reopened'
            else coalesce(known.status, 'open')
        end as status,
        coalesce(known.first_seen_on, {{ as_of_date() }}) as first_seen_on,
        {{ as_of_date() }} as last_seen_on,
        cast(null as date) as closed_on,
        coalesce(known.times_reopened, 0)
        + case when known.status = 'closed' then 1 else 0 end as times_reopened
    from found
    left join known
        on found.issue_id = known.issue_id
),

gone as (
    select
        known.issue_id,
        known.rule,
        known.in_words,
        known.severity,
        known.system,
        known.table_name,
        known.field,
        known.record_key,
        known.detail,
        known.owner,
        known.suggested_fix,
        'closed' as status,
        known.first_seen_on,
        known.last_seen_on,
        {{ as_of_date() }} as closed_on,
        known.times_reopened
    from known
    left join found
        on known.issue_id = found.issue_id
    where known.status <> 'closed'
        and found.issue_id is null
),

changed as (
    select * from seen

    union all

    select * from gone
)

-- A build as of an earlier day knows nothing that the log doesn't.
select changed.*
from changed
cross join newest
where coalesce(newest.logged_on, {{ as_of_date() }}) <= {{ as_of_date() }}
