with

observed as (
    select * from {{ ref('int_cta_measures_observed') }}
),

rules as (
    select * from {{ ref('cta_rules') }}
    where {{ is_in_force(as_of_date(), 'effective_from', 'effective_to') }}
),

measured as (
    select
        observed.account_id,
        rules.*,
        case rules.measure
            {%- for measure in cta_measures() %}
            when '{{ measure }}' then {{ rounded('observed.' ~ measure, 18, 4) }}
            {%- endfor %}
        end as measured_value
    from observed
    cross join rules
)

select
    account_id,
    rule_key,
    playbook_key,
    priority,
    cool_down_days,
    due_days,
    measured_value,
    replace(
        reason, '{value}',
        cast(cast(round(measured_value, 0) as {{ dbt.type_int() }}) as {{ dbt.type_string() }})
    ) as reason
from measured
where {{ compares('measured_value', 'operator', 'threshold') }}
