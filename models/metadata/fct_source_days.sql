{#- The raw contract, known only while dbt executes, says which column dates a table's rows. -#}
{%- set dated_tables = [] -%}
{%- for system, object in raw_tables() -%}
{%- set base_model = ref('base_' ~ system ~ '__' ~ object) -%}
{%- set dated_by = raw_contract(system, object).dated_by if execute else none -%}
{%- if dated_by %}{% do dated_tables.append((system, object, base_model, dated_by)) %}{% endif -%}
{%- endfor -%}

with

records as (
    {%- for system, object, base_model, dated_by in dated_tables %}
    select
        '{{ system }}' as system,
        '{{ object }}' as raw_table,
        cast({{ dated_by }} as date) as record_date
    from {{ base_model }}
    where row_status = 'kept'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    system,
    raw_table,
    record_date,
    cast(count(*) as {{ dbt.type_bigint() }}) as records
from records
where record_date <= {{ as_of_date() }}
group by system, raw_table, record_date
