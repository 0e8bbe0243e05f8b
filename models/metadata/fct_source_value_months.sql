{#- The raw contract, known only while dbt executes, says which columns are watched, and how. -#}
{%- set watched_columns = [] -%}
{%- for system, object in raw_tables() -%}
{%- set base_model = ref('base_' ~ system ~ '__' ~ object) -%}
{%- set contract = raw_contract(system, object) if execute else {'columns': []} -%}
{%- for column in contract.columns if column.watched -%}
{%- do watched_columns.append((system, object, base_model, contract.dated_by, column)) -%}
{%- endfor -%}
{%- endfor -%}

with

watched_values as (
    {%- for system, object, base_model, dated_by, column in watched_columns %}
    {%- set given = "'given'" if column.watched == 'missing' else column.name %}
    select
        '{{ system }}' as system,
        '{{ object }}' as raw_table,
        '{{ column.name }}' as field,
        {{ month_start(dated_by) }} as month_start,
        case when {{ column.name }} is null then 'missing' else {{ given }} end as field_value
    from {{ base_model }}
    where row_status = 'kept'
        and cast({{ dated_by }} as date) <= {{ as_of_date() }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    system,
    raw_table,
    field,
    month_start,
    field_value,
    cast(count(*) as {{ dbt.type_bigint() }}) as records
from watched_values
group by system, raw_table, field, month_start, field_value
