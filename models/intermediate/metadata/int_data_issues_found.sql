{%- set text = dbt.type_string() -%}
{%- set none_known = 'cast(null as ' ~ text ~ ')' -%}

with

rules as (
    select * from {{ ref('data_issue_rules') }}
    where {{ is_in_force(as_of_date(), 'effective_from', 'effective_to') }}
),

systems as (
    select * from {{ ref('source_systems') }}
    where {{ is_in_force(as_of_date(), 'effective_from', 'effective_to') }}
),

rejected_rows as (
    select
        system,
        raw_table,
        {{ dbt.split_part('rule', "' '", 1) }} as field,
        case when raw_key = '' then rejected_row_id else {{ record_key('raw_key') }} end
            as record_key,
        rule as broken_rule
    from {{ ref('fct_rejected_rows') }}
),

-- Versions of one record that break one rule are one issue.
rejected_records as (
    select
        'rejected_row' as rule,
        system,
        raw_table as table_name,
        field,
        record_key,
        {{ none_known }} as fixed_by,
        min(broken_rule) as detail
    from rejected_rows
    group by system, raw_table, field, record_key
),

unreadable_rows as (
    select
        'unreadable_value' as rule,
        system,
        raw_table as table_name,
        {{ none_known }} as field,
        record_key,
        {{ none_known }} as fixed_by,
        cast(unreadable_values as {{ text }}) || ' unreadable in this row' as detail
    from {{ ref('fct_unreadable_rows') }}
),

unattributed_customers as (
    select
        'unattributed_customer' as rule,
        'billing' as system,
        'customers' as table_name,
        'account_id' as field,
        customer_id as record_key,
        {{ none_known }} as fixed_by,
        'no account of the CRM has this id' as detail
    from {{ ref('int_customers_resolved') }}
    where account_id = 'unassigned'
),

-- What billing has without an account is found above.
reconciliation_differences as (
    select
        'reconciliation_difference' as rule,
        'crm' as system,
        'accounts' as table_name,
        'arr' as field,
        account_id as record_key,
        {{ none_known }} as fixed_by,
        difference_reason || ': ARR ' || coalesce(cast(crm_arr as {{ text }}), 'none')
        || ' in the CRM, ' || cast(billing_arr as {{ text }}) || ' in billing' as detail
    from {{ ref('fct_revenue_reconciliation') }}
    where not is_within_tolerance
        and account_id <> 'unassigned'
),

fields_checked as (
    select * from {{ ref('int_critical_fields_checked') }}
),

fields_filled as (
    select
        system,
        field,
        fixed_by,
        count(*) as expected,
        count(case when is_filled then 1 end) as filled
    from fields_checked
    group by system, field, fixed_by
),

incomplete_fields as (
    select
        'incomplete_field' as rule,
        fields_checked.system,
        'accounts' as table_name,
        fields_checked.field,
        fields_checked.account_id as record_key,
        fields_checked.fixed_by,
        'empty in the record of an active customer' as detail
    from fields_checked
    inner join fields_filled
        on fields_checked.system = fields_filled.system
        and fields_checked.field = fields_filled.field
    where not fields_checked.is_filled
        and fields_filled.filled > 0
),

empty_fields as (
    select
        'empty_field' as rule,
        system,
        'accounts' as table_name,
        field,
        {{ none_known }} as record_key,
        fixed_by,
        'empty for all ' || cast(expected as {{ text }}) || ' active customers' as detail
    from fields_filled
    where filled = 0
),

stale_sources as (
    select
        'stale_source' as rule,
        system,
        {{ none_known }} as table_name,
        {{ none_known }} as field,
        {{ none_known }} as record_key,
        owner as fixed_by,
        'newest record of ' || cast(newest_record_date as {{ text }}) || ', at most '
        || cast(max_age_days as {{ text }}) || ' days expected' as detail
    from {{ ref('fct_source_freshness') }}
    where freshness = 'stale'
),

anomalies as (
    select
        *,
        case when kind in ('volume', 'share') then kind || '_anomaly' else 'metric_anomaly' end
            as rule,
        case when kind = 'volume' then grain when kind <> 'share' then group_name end
            as record_key
    from {{ ref('fct_data_anomalies') }}
    where is_recent
),

anomalies_ranked as (
    select
        *,
        row_number() over (
            partition by rule, system, table_name, field, record_key
            order by abs(score) desc, period_start desc, group_name asc
        ) as anomaly_rank
    from anomalies
),

-- Of a table's weeks, or a column's values, the one farthest off tells of them all.
jumps as (
    select
        anomalies.rule,
        anomalies.system,
        anomalies.table_name,
        anomalies.field,
        anomalies.record_key,
        metrics.owner as fixed_by,
        anomalies.grain || ' from ' || cast(anomalies.period_start as {{ text }}) || ': '
        || case when anomalies.kind = 'share' then anomalies.group_name || ' ' else '' end
        || cast(cast(anomalies.value as decimal(28, 2)) as {{ text }}) || ', usually '
        || cast(cast(anomalies.usual_value as decimal(28, 2)) as {{ text }}) as detail
    from anomalies_ranked as anomalies
    left join {{ ref('dim_metrics') }} as metrics
        on anomalies.field = metrics.metric_name
        and anomalies.rule = 'metric_anomaly'
    where anomalies.anomaly_rank = 1
),

health_warnings as (
    select
        'health_warning' as rule,
        'bellwether' as system,
        'rpt_health_warnings' as table_name,
        warning as field,
        subject as record_key,
        {{ none_known }} as fixed_by,
        message as detail
    from {{ ref('int_health_warnings_found') }}
),

findings as (
    {%- for arm in [
        'rejected_records', 'unreadable_rows', 'unattributed_customers',
        'reconciliation_differences', 'incomplete_fields', 'empty_fields', 'stale_sources',
        'jumps', 'health_warnings',
    ] %}
    select * from {{ arm }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    {{ dbt.hash(
        "findings.rule || '|' || findings.system || '|' || coalesce(findings.table_name, '')"
        ~ " || '|' || coalesce(findings.field, '') || '|' || coalesce(findings.record_key, '')"
    ) }} as issue_id,
    findings.rule,
    rules.in_words,
    rules.severity,
    findings.system,
    findings.table_name,
    findings.field,
    findings.record_key,
    findings.detail,
    coalesce(findings.fixed_by, rules.owner, systems.owner) as owner,
    rules.suggested_fix
from findings
inner join rules
    on findings.rule = rules.rule
left join systems
    on findings.system = systems.system
