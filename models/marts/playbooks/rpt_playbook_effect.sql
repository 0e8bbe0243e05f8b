with

matched as (
    select * from {{ ref('int_treated_accounts_matched') }}
),

policies as (
    select * from {{ ref('playbook_effect_policies') }}
),

cohorts as (
    select
        *,
        cast(extract(year from month_start) as {{ dbt.type_string() }}) as cohort
    from matched

    union all

    select
        *,
        'all' as cohort
    from matched
),

summed as (
    select
        playbook_key,
        outcome,
        cohort,
        count(*) as treated,
        count(difference) as matched,
        avg(difference) as effect,
        stddev_samp(difference) / sqrt(count(difference)) as standard_error,
        avg(difference_before) as trend_difference,
        stddev_samp(difference_before) / sqrt(count(difference_before)) as trend_standard_error
    from cohorts
    group by playbook_key, outcome, cohort
),

with_intervals as (
    select
        summed.*,
        summed.effect - policies.interval_z * summed.standard_error as effect_low,
        summed.effect + policies.interval_z * summed.standard_error as effect_high,
        abs(summed.trend_difference)
        <= policies.interval_z * summed.trend_standard_error as has_parallel_trends,
        summed.matched >= policies.minimum_accounts as is_enough
    from summed
    cross join policies
),

final as (
    select
        playbook_key,
        outcome,
        cohort,
        cast(treated as integer) as treated,
        cast(matched as integer) as matched,
        {{ rounded('case when is_enough then effect end', 18, 4) }} as effect,
        {{ rounded('case when is_enough then effect_low end', 18, 4) }} as effect_low,
        {{ rounded('case when is_enough then effect_high end', 18, 4) }} as effect_high,
        {{ rounded('case when is_enough then trend_difference end', 18, 4) }} as trend_difference,
        case when is_enough then has_parallel_trends end as has_parallel_trends,
        case
            when not is_enough then 'too_few'
            when not coalesce(has_parallel_trends, false) then 'trends_differ'
            when effect_low > 0 then 'better'
            when effect_high < 0 then 'worse'
            else 'not_shown'
        end as verdict
    from with_intervals
)

select * from final
