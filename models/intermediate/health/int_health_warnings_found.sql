with

rules as (
    select * from {{ ref('health_warning_rules') }}
),

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
    where observation_date = {{ as_of_date() }}
),

-- Where a component is asked of the account, it has a score or lacks measures.
components as (
    select
        components.*,
        coalesce(accounts.segment, 'none') as segment
    from {{ ref('int_health_components_scored') }} as components
    inner join accounts
        on components.account_id = accounts.account_id
        and components.observation_date = accounts.observation_date
    where components.component_score is not null
        or components.missing_measures is not null
),

measures as (
    select
        measures.*,
        components.component_name,
        components.component_score
    from {{ ref('int_health_measures_scored') }} as measures
    inner join components
        on measures.account_id = components.account_id
        and measures.observation_date = components.observation_date
        and measures.model_version = components.model_version
        and measures.component = components.component
),

scores as (
    select * from {{ ref('int_health_scores_banded') }}
    where is_champion
),

answers as (
    select
        account_id,
        greatest(
            cast(sent_at as date), coalesce(cast(responded_at as date), cast(sent_at as date))
        ) as survey_date
    from {{ ref('stg_surveys__responses') }}
),

overrides as (
    select * from {{ ref('int_health_overrides_resolved') }}
),

overrides_entered as (
    select
        ids.resolved_account_id as account_id,
        overrides.override_id,
        overrides.valid_from,
        overrides.valid_to,
        cast(overrides.created_at as date) as created_date
    from {{ ref('stg_success__health_overrides') }} as overrides
    inner join {{ ref('int_account_ids_resolved') }} as ids
        on overrides.account_id = ids.account_id
),

components_covered as (
    select
        model_version,
        component,
        component_name,
        count(*) as accounts_asked,
        count(component_score) as accounts_scored
    from components
    group by model_version, component, component_name
),

segments_covered as (
    select
        model_version,
        component,
        component_name,
        segment,
        count(*) as accounts_asked,
        count(component_score) as accounts_scored
    from components
    group by model_version, component, component_name, segment
),

measures_covered as (
    select
        model_version,
        component_name,
        measure,
        count(*) as accounts_asked,
        count(measure_value) as accounts_measured,
        count(component_score) as accounts_scored,
        min(measure_in_words) as in_words
    from measures
    group by model_version, component_name, measure
),

-- What is rare is 0 for everybody on many a day, so a constant is one over many days.
measures_varied as (
    select
        measures.model_version,
        measures.measure,
        rules.threshold as days,
        count(distinct measures.measure_value) as distinct_values
    from {{ ref('int_health_measures_scored') }} as measures
    inner join rules
        on rules.warning = 'measure_constant'
        and {{ add_days(as_of_date(), '-1 * rules.threshold') }} < measures.observation_date
    group by measures.model_version, measures.measure, rules.threshold
),

components_found as (
    select
        model_version || ', ' || component as subject,
        'Component ' || component_name || ' of version ' || model_version
        || ' has data for no account, so its weight goes to the others: load its sources or take'
        || ' it out of health_components.' as message,
        accounts_asked as affected_accounts
    from components_covered
    where accounts_scored = 0
),

segments_found as (
    select
        segments_covered.model_version || ', ' || segments_covered.component
        || ', ' || segments_covered.segment as subject,
        'Component ' || segments_covered.component_name || ' of version '
        || segments_covered.model_version || ' has data for no account of segment '
        || segments_covered.segment || ', so these are scored on the others alone: load its'
        || ' sources for them or give the segment weights of its own in health_measures.'
            as message,
        segments_covered.accounts_asked as affected_accounts
    from segments_covered
    inner join components_covered
        on segments_covered.model_version = components_covered.model_version
        and segments_covered.component = components_covered.component
    inner join rules
        on rules.warning = 'component_absent_in_segment'
        and segments_covered.accounts_asked >= rules.threshold
    where segments_covered.accounts_scored = 0
        and components_covered.accounts_scored > 0
),

absent_measures_found as (
    select
        model_version || ', ' || measure as subject,
        'Measure ' || measure || ' of version ' || model_version || ' has a value for no account,'
        || ' so its weight goes to the rest of ' || component_name
        || ': load its source or take it out of health_measures.' as message,
        accounts_asked as affected_accounts
    from measures_covered
    where accounts_measured = 0
        and accounts_scored > 0
),

constant_measures_found as (
    select
        measures_covered.model_version || ', ' || measures_covered.measure as subject,
        'Measure ' || measures_covered.measure || ' of version ' || measures_covered.model_version
        || ' has been the same for all accounts for '
        || cast(measures_varied.days as {{ dbt.type_string() }}) || ' days ("'
        || measures_covered.in_words
        || '"), so it tells them apart in nothing: check its source.' as message,
        measures_covered.accounts_measured as affected_accounts
    from measures_covered
    inner join measures_varied
        on measures_covered.model_version = measures_varied.model_version
        and measures_covered.measure = measures_varied.measure
    where measures_varied.distinct_values = 1
        and measures_covered.accounts_measured > 1
),

surveys_found as (
    select
        'surveys.responses' as subject,
        'Surveys dated after the as-of date: ' || cast(count(*) as {{ dbt.type_string() }})
        || ', the last ' || cast(max(survey_date) as {{ dbt.type_string() }})
        || '; they are not counted: correct their dates.' as message,
        count(distinct account_id) as affected_accounts
    from answers
    where survey_date > {{ as_of_date() }}
    having count(*) > 0
),

expired_overrides_found as (
    select
        overrides.override_id as subject,
        'Override ' || overrides.override_id || ' (' || overrides.band || ') of account '
        || overrides.account_id || ' ended on '
        || cast(overrides.valid_to as {{ dbt.type_string() }})
        || ', so the score''s band holds again: renew it if its reason still does.' as message,
        1 as affected_accounts
    from overrides
    inner join accounts
        on overrides.account_id = accounts.account_id
        and accounts.observation_date >= overrides.valid_to
    inner join rules
        on rules.warning = 'override_expired'
        and {{ add_days('accounts.observation_date', '-1 * rules.threshold') }}
        < overrides.valid_to
    left join overrides as later
        on overrides.account_id = later.account_id
        and later.valid_to > overrides.valid_to
    where later.override_id is null
),

overlapping_overrides_found as (
    select
        overrides.override_id || ', ' || others.override_id as subject,
        'Overrides ' || overrides.override_id || ' (' || overrides.band || ') and '
        || others.override_id || ' (' || others.band || ') of account ' || overrides.account_id
        || ' overlap from '
        || cast(greatest(overrides.held_from, others.held_from) as {{ dbt.type_string() }})
        || ', where the one entered last holds: end the other.' as message,
        1 as affected_accounts
    from overrides
    inner join overrides as others
        on overrides.account_id = others.account_id
        and overrides.override_id < others.override_id
        and overrides.held_from < others.valid_to
        and overrides.valid_to > others.held_from
    inner join rules
        on rules.warning = 'override_overlaps'
        and {{ add_days(as_of_date(), '-1 * rules.threshold') }}
        < least(overrides.valid_to, others.valid_to)
),

back_dated_overrides_found as (
    select
        overrides_entered.override_id as subject,
        'Override ' || overrides_entered.override_id || ' of account '
        || overrides_entered.account_id || ' was entered on '
        || cast(overrides_entered.created_date as {{ dbt.type_string() }}) || ' to hold from '
        || cast(overrides_entered.valid_from as {{ dbt.type_string() }}) || ', '
        || case
            when overrides_entered.created_date < overrides_entered.valid_to
                then 'but holds from the day it was entered'
            else 'but was over by then and never held'
        end || ': enter overrides when they are decided.' as message,
        1 as affected_accounts
    from overrides_entered
    inner join rules
        on rules.warning = 'override_back_dated'
        and {{ add_days(as_of_date(), '-1 * rules.threshold') }} < overrides_entered.created_date
    where overrides_entered.created_date > overrides_entered.valid_from
        and overrides_entered.created_date <= {{ as_of_date() }}
),

versions as (
    select
        model_version,
        count(*) as components
    from {{ ref('health_components') }}
    group by model_version
),

accounts_covered as (
    select
        account_id,
        model_version,
        count(component_score) as components_scored
    from components
    group by account_id, model_version
),

new_accounts_found as (
    select
        accounts.account_id as subject,
        'Account ' || accounts.account_id || ' is a customer since '
        || cast(
            {{ add_days('accounts.observation_date', '-1 * accounts.tenure_days') }}
            as {{ dbt.type_string() }}
        )
        || case
            when scores.score is null then ' and too new for a score'
            else
                ' and its score stands on '
                || cast(accounts_covered.components_scored as {{ dbt.type_string() }}) || ' of '
                || cast(versions.components as {{ dbt.type_string() }}) || ' components'
        end || ': look at the account itself.' as message,
        1 as affected_accounts
    from accounts
    inner join rules
        on rules.warning = 'new_account'
        and accounts.tenure_days < rules.threshold
    inner join scores
        on accounts.account_id = scores.account_id
        and accounts.observation_date = scores.observation_date
    inner join versions
        on scores.model_version = versions.model_version
    inner join accounts_covered
        on scores.account_id = accounts_covered.account_id
        and scores.model_version = accounts_covered.model_version
),

found as (
    {%- for warning, rows in {
        'component_absent': 'components_found',
        'component_absent_in_segment': 'segments_found',
        'measure_absent': 'absent_measures_found',
        'measure_constant': 'constant_measures_found',
        'survey_in_future': 'surveys_found',
        'override_expired': 'expired_overrides_found',
        'override_overlaps': 'overlapping_overrides_found',
        'override_back_dated': 'back_dated_overrides_found',
        'new_account': 'new_accounts_found',
    }.items() %}
    select
        '{{ warning }}' as warning,
        subject,
        message,
        cast(affected_accounts as integer) as affected_accounts
    from {{ rows }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
)

select * from found
