{{ config(post_hook="{{ report_rows(\"seed || ', ' || seed_row || ': ' || problem\") }}") }}

with

health_models as (
    select * from {{ ref('health_models') }}
),

components as (
    select * from {{ ref('health_components') }}
),

measures as (
    select
        *,
        'version ' || model_version || ', measure ' || measure || ', segment ' || segment
        || ', from day ' || cast(tenure_from_days as {{ dbt.type_string() }}) as seed_row
    from {{ ref('health_measures') }}
),

definitions as (
    select * from {{ ref('health_measure_definitions') }}
),

bands as (
    select * from {{ ref('health_bands') }}
),

rules as (
    select * from {{ ref('int_health_rules_expanded') }}
),

component_weights as (
    select
        health_models.model_version,
        coalesce(sum(components.weight), 0) as total_weight
    from health_models
    left join components
        on health_models.model_version = components.model_version
    group by health_models.model_version
),

rules_in_order as (
    select
        *,
        row_number() over (
            partition by model_version, component, measure, segment order by tenure_from_days
        ) as rule_number
    from rules
),

-- Until a measure is asked, its first weight is kept for it.
weighing_rules as (
    select
        *,
        case when rule_number = 1 then 0 else tenure_from_days end as weighs_from_days
    from rules_in_order
),

tenures as (
    select
        model_version,
        component,
        segment,
        weighs_from_days as tenure_days
    from weighing_rules
    group by model_version, component, segment, weighs_from_days
),

measure_weights as (
    select
        components.model_version,
        components.component,
        tenures.segment,
        tenures.tenure_days,
        coalesce(sum(weighing_rules.weight), 0) as total_weight
    from components
    left join tenures
        on components.model_version = tenures.model_version
        and components.component = tenures.component
    left join weighing_rules
        on tenures.model_version = weighing_rules.model_version
        and tenures.component = weighing_rules.component
        and tenures.segment = weighing_rules.segment
        and tenures.tenure_days >= weighing_rules.weighs_from_days
        and (
            tenures.tenure_days < weighing_rules.tenure_to_days
            or weighing_rules.tenure_to_days is null
        )
    group by
        components.model_version,
        components.component,
        tenures.segment,
        tenures.tenure_days
),

asked_at_once as (
    select
        model_version,
        segment,
        sum(case when tenure_from_days <= 0 and weight > 0 then 1 else 0 end) as measures
    from rules
    group by model_version, segment
),

bands_in_order as (
    select
        *,
        case band when 'red' then 1 when 'yellow' then 2 when 'green' then 3 end as health
    from bands
),

band_bounds as (
    select
        *,
        lag(band) over (partition by model_version order by lower_bound, band) as band_below,
        lag(lower_bound) over (partition by model_version order by lower_bound, band)
            as bound_below,
        lag(health) over (partition by model_version order by lower_bound, band)
            as health_below
    from bands_in_order
),

versions_named as (
    select
        'health_components' as seed,
        model_version
    from components

    union

    select
        'health_measures' as seed,
        model_version
    from measures

    union

    select
        'health_bands' as seed,
        model_version
    from bands
),

known_measures (measure) as (
    values
    {%- for measure in health_measures().values() | sum(start=[]) %}
    ('{{ measure }}'){{ ',' if not loop.last }}
    {%- endfor %}
),

problems as (
    select
        'health_components' as seed,
        'version ' || model_version as seed_row,
        'the weights of its components add up to '
        || cast(total_weight as {{ dbt.type_string() }}) || ', not 1' as problem
    from component_weights
    where total_weight <> 1

    union all

    select
        'health_components' as seed,
        'version ' || model_version || ', component ' || component as seed_row,
        'its weight is below 0' as problem
    from components
    where weight < 0

    union all

    select
        'health_measures' as seed,
        'version ' || model_version || ', component ' || component
        || coalesce(
            ', segment ' || segment || ', from day '
            || cast(tenure_days as {{ dbt.type_string() }}), ''
        ) as seed_row,
        'the weights of its measures add up to '
        || cast(total_weight as {{ dbt.type_string() }}) || ', not 1' as problem
    from measure_weights
    where total_weight <> 1

    union all

    select
        'health_measures' as seed,
        'version ' || model_version || ', segment ' || segment as seed_row,
        'nothing is asked of an account on its first day' as problem
    from asked_at_once
    where measures = 0

    union all

    select
        'health_measures' as seed,
        seed_row,
        'more than one row says how it is scored' as problem
    from measures
    group by seed_row
    having count(*) > 1

    union all

    select
        'health_measures' as seed,
        seed_row,
        'its weight or its first day is below 0' as problem
    from measures
    where weight < 0
        or tenure_from_days < 0

    union all

    select
        'health_measures' as seed,
        measures.seed_row,
        'the component ' || measures.component || ' is not in health_components' as problem
    from measures
    left join components
        on measures.model_version = components.model_version
        and measures.component = components.component
    where components.component is null

    union all

    select
        'health_measures' as seed,
        measures.seed_row,
        'the project observes no measure of this name' as problem
    from measures
    left join known_measures
        on measures.measure = known_measures.measure
    where known_measures.measure is null

    union all

    select
        'health_measure_definitions' as seed,
        'measure ' || coalesce(definitions.measure, known_measures.measure) as seed_row,
        case
            when known_measures.measure is null
                then 'the project observes no measure of this name'
            else 'the project observes it, but no row says what it is'
        end as problem
    from definitions
    full outer join known_measures
        on definitions.measure = known_measures.measure
    where definitions.measure is null
        or known_measures.measure is null

    union all

    select
        'health_measures' as seed,
        seed_row,
        'red_at ' || cast(red_at as {{ dbt.type_string() }}) || ' and green_at '
        || cast(green_at as {{ dbt.type_string() }}) || ' overlap for ' || direction as problem
    from measures
    where (
        (direction = 'higher_is_better' and red_at < green_at)
        or (direction = 'lower_is_better' and red_at > green_at)
    ) is not true

    union all

    select
        'health_measures' as seed,
        measures.seed_row,
        'a segment has a row of its own, but `all` has none' as problem
    from measures
    left join measures as for_all
        on measures.model_version = for_all.model_version
        and measures.component = for_all.component
        and measures.measure = for_all.measure
        and for_all.segment = 'all'
    where for_all.measure is null

    union all

    select
        'health_bands' as seed,
        'version ' || model_version || ', band ' || band as seed_row,
        case
            when bound_below is null then 'the lowest band does not start at 0'
            when lower_bound > bound_below
                then 'it starts above ' || band_below || ', which is better'
            else 'it starts where ' || band_below || ' starts'
        end as problem
    from band_bounds
    where (bound_below is null and lower_bound <> 0)
        or lower_bound = bound_below
        or health < health_below

    union all

    select
        'health_bands' as seed,
        'version ' || model_version || ', band ' || band as seed_row,
        'its lower bound is not between 0 and 100' as problem
    from bands
    where lower_bound < 0 or lower_bound > 100

    union all

    select
        'health_bands' as seed,
        'version ' || health_models.model_version as seed_row,
        'the version has no bands' as problem
    from health_models
    left join bands
        on health_models.model_version = bands.model_version
    where bands.band is null

    union all

    select
        versions_named.seed,
        'version ' || versions_named.model_version as seed_row,
        'the version is not in health_models' as problem
    from versions_named
    left join health_models
        on versions_named.model_version = health_models.model_version
    where health_models.model_version is null

    union all

    select
        'health_models' as seed,
        'version ' || model_version as seed_row,
        'its status ' || status
        || ' is none of champion, challenger, baseline and retired' as problem
    from health_models
    where status not in ('champion', 'challenger', 'baseline', 'retired')

    union all

    select
        'health_models' as seed,
        'version ' || model_version as seed_row,
        'it is champion before the days it learned from are over' as problem
    from health_models
    where status = 'champion'
        and trained_until >= effective_from

    union all

    select
        'health_models' as seed,
        'version ' || model_version as seed_row,
        'nobody approved it' as problem
    from health_models
    where status <> 'retired'
        and (approved_by is null or approved_on is null)

    union all

    select
        'health_models' as seed,
        'version ' || model_version as seed_row,
        'its minimum share of weight is not above 0 and at most 1' as problem
    from health_models
    where (minimum_weight_share > 0 and minimum_weight_share <= 1) is not true

    union all

    select
        'health_models' as seed,
        'versions ' || health_models.model_version || ' and ' || others.model_version as seed_row,
        'both are champion on the same day' as problem
    from health_models
    inner join health_models as others
        on health_models.model_version < others.model_version
        and (health_models.effective_from < others.effective_to or others.effective_to is null)
        and others.effective_from < coalesce(health_models.effective_to, others.effective_from + 1)
    where health_models.status = 'champion'
        and others.status = 'champion'
)

select * from problems
