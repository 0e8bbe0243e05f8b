{#- The raw contract, known only while dbt executes, says which column dates a table's rows. -#}
{%- set dated_tables = [] -%}
{%- for system, object in raw_tables() -%}
    {%- set base_model = ref('base_' ~ system ~ '__' ~ object) -%}
    {%- set dated_by = raw_contract(system, object).dated_by if execute else none -%}
    {%- if dated_by -%}
        {%- do dated_tables.append(
            {'system': system, 'object': object, 'model': base_model, 'dated_by': dated_by}
        ) -%}
    {%- endif -%}
{%- endfor -%}

with

records as (
    {%- for table in dated_tables %}
    select
        '{{ table.system }}' as system,
        '{{ table.object }}' as raw_table,
        cast({{ table.dated_by }} as date) as record_date
    from {{ table.model }}
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
