-- Nothing is scored while the reference seeds hold a problem.
-- depends_on: {{ ref('int_health_problems_found') }}

with

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

observed as (
    select * from {{ ref('int_health_measures_observed') }}
),

health_models as (
    select * from {{ ref('health_models') }}
    where status <> 'retired'
),

rules as (
    select * from {{ ref('int_health_rules_expanded') }}
),

segments as (
    select
        model_version,
        segment
    from rules
    group by model_version, segment
),

accounts_by_version as (
    select
        accounts.account_id,
        accounts.observation_date,
        accounts.tenure_days,
        health_models.model_version,
        coalesce(segments.segment, 'all') as rule_segment
    from accounts
    cross join health_models
    left join segments
        on accounts.segment = segments.segment
        and health_models.model_version = segments.model_version
),

-- What weighs nothing is not asked.
valued as (
    select
        accounts_by_version.account_id,
        accounts_by_version.observation_date,
        rules.model_version,
        rules.component,
        rules.measure,
        rules.weight,
        rules.is_required,
        rules.decimals,
        rules.in_words,
        observed.measure_value,
        {{ rounded(
            '100 * (observed.measure_value - rules.red_at)'
            ~ ' / nullif(rules.green_at - rules.red_at, 0)', 18, 4
        ) }} as unbounded_score
    from accounts_by_version
    inner join rules
        on accounts_by_version.model_version = rules.model_version
        and accounts_by_version.rule_segment = rules.segment
        and accounts_by_version.tenure_days >= rules.tenure_from_days
        and (
            accounts_by_version.tenure_days < rules.tenure_to_days
            or rules.tenure_to_days is null
        )
    left join observed
        on accounts_by_version.account_id = observed.account_id
        and accounts_by_version.observation_date = observed.observation_date
        and rules.measure = observed.measure
    where rules.weight > 0
),

scored as (
    select
        account_id,
        observation_date,
        model_version,
        component,
        measure,
        weight,
        is_required,
        measure_value,
        cast(
            case
                when unbounded_score < 0 then 0
                when unbounded_score > 100 then 100
                else unbounded_score
            end as decimal(9, 4)
        ) as measure_score,
        case
            when decimals = 0
                then cast(cast(measure_value as decimal(18, 0)) as {{ dbt.type_string() }})
            else cast(cast(measure_value as decimal(18, 1)) as {{ dbt.type_string() }})
        end as value_in_words,
        in_words
    from valued
),

worded as (
    select
        account_id,
        observation_date,
        model_version,
        component,
        measure,
        weight,
        is_required,
        measure_value,
        measure_score,
        replace(in_words, '{value}', value_in_words) as measure_in_words
    from scored
)

select * from worded
