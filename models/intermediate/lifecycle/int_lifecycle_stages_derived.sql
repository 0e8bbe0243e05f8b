with

observed as (
    select * from {{ ref('int_lifecycle_measures_observed') }}
),

stages as (
    select * from {{ ref('lifecycle_stages') }}
),

criteria as (
    select * from {{ ref('lifecycle_criteria') }}
),

-- Each criterion of the version in force, with what was measured.
measured as (
    select
        observed.account_id,
        observed.observation_date,
        stages.stage,
        stages.stage_order,
        stages.precedence,
        criteria.criterion_type,
        criteria.alternative,
        criteria.operator,
        criteria.threshold,
        case criteria.measure
            {%- for measure in lifecycle_measures() %}
            when '{{ measure }}' then {{ rounded('observed.' ~ measure, 18, 4) }}
            {%- endfor %}
        end as measured_value
    from observed
    inner join stages
        on {{ is_in_force(
            'observed.observation_date', 'stages.effective_from', 'stages.effective_to'
        ) }}
    inner join criteria
        on stages.version = criteria.version
        and stages.stage = criteria.stage
),

judged as (
    select
        *,
        case when {{ compares('measured_value', 'operator', 'threshold') }} then 1 else 0 end
            as holds
    from measured
),

alternatives as (
    select
        account_id,
        observation_date,
        stage,
        stage_order,
        precedence,
        criterion_type,
        min(holds) as holds
    from judged
    group by
        account_id,
        observation_date,
        stage,
        stage_order,
        precedence,
        criterion_type,
        alternative
),

stages_held as (
    select
        account_id,
        observation_date,
        stage,
        stage_order,
        precedence
    from alternatives
    group by account_id, observation_date, stage, stage_order, precedence
    having max(case when criterion_type = 'entry' then holds else 0 end) = 1
        and max(case when criterion_type = 'exit' then holds else 0 end) = 0
),

ranked as (
    select
        *,
        row_number() over (
            partition by account_id, observation_date order by precedence
        ) as stage_rank
    from stages_held
)

select
    observed.account_id,
    observed.observation_date,
    observed.mrr > 0 as is_active_customer,
    ranked.stage as derived_stage,
    ranked.stage_order
from observed
left join ranked
    on observed.account_id = ranked.account_id
    and observed.observation_date = ranked.observation_date
    and ranked.stage_rank = 1
