with

account_months as (
    select * from {{ ref('fct_account_months') }}
    where account_id <> 'unassigned'
),

months as (
    select * from {{ ref('int_months_closed') }}
),

-- A cohort keeps the segment its accounts had in their first month.
members as (
    select
        account_id,
        cohort_month,
        coalesce(segment, 'unknown') as segment,
        mrr
    from account_months
    where month_start = cohort_month
),

cohorts as (
    select
        cohort_month,
        segment,
        count(*) as logos,
        sum(mrr) as mrr
    from members
    group by cohort_month, segment
),

retained as (
    select
        members.cohort_month,
        members.segment,
        account_months.months_since_first_mrr as months_since,
        sum(case when account_months.is_active_customer then 1 else 0 end) as logos_retained,
        sum(account_months.mrr) as mrr_retained
    from members
    inner join account_months
        on members.account_id = account_months.account_id
        and members.cohort_month <= account_months.month_start
    group by members.cohort_month, members.segment, account_months.months_since_first_mrr
),

-- Every cohort gets as many months as the oldest has; those not over yet are
-- there without figures, so that nobody reads them as zero.
first_month as (
    select min(month_start) as month_start from months
),

ages as (
    select
        {{ dbt.datediff('first_month.month_start', 'months.month_start', 'month') }}
            as months_since
    from months
    cross join first_month
),

triangle as (
    select
        cohorts.cohort_month,
        ages.months_since,
        cohorts.segment,
        cohorts.logos,
        cohorts.mrr,
        retained.logos_retained,
        retained.mrr_retained,
        retained.cohort_month is not null as is_complete
    from cohorts
    cross join ages
    left join retained
        on cohorts.cohort_month = retained.cohort_month
        and cohorts.segment = retained.segment
        and ages.months_since = retained.months_since
)

select
    cast(cohort_month as {{ dbt.type_string() }}) || '|' || segment
    || '|' || cast(months_since as {{ dbt.type_string() }}) as cohort_retention_id,
    cohort_month,
    segment,
    cast(months_since as integer) as months_since,
    cast(logos as integer) as logos,
    {{ money('mrr') }} as mrr,
    cast(logos_retained as integer) as logos_retained,
    {{ money('mrr_retained') }} as mrr_retained,
    is_complete
from triangle
