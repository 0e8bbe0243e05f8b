{#- The body of a model whose rows are written by scripts/ (what knows the clock or git): the
    columns of its contract, and no rows of its own. -#}
{% macro rows_written_by_scripts() -%}
select
    {%- for column in model.columns.values() %}
    cast(null as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
    {%- else %}
    1 as parsed
    {%- endfor %}
where 1 = 0
{%- endmacro %}
