{#- PostgreSQL has no try_cast: a function for each type that the cleaning macros read, made
    when a run starts. -#}

{% macro create_try_casts() %}
    {%- if target.type == 'postgres' -%}
    create schema if not exists {{ target.schema }};
    {%- for type in ['integer', 'date', 'timestamp', 'decimal(18, 4)', 'decimal(18, 8)'] %}
    create or replace function {{ target.schema }}.{{ try_cast_name(type) }}(value text)
    returns {{ type }} language plpgsql immutable as $$
    begin
        return cast({{ 'cast(value as decimal)' if type == 'integer' else 'value' }} as {{ type }});
    exception when data_exception then
        return null;
    end
    $$;
    {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{#- try_cast_decimal_18_4 for decimal(18, 4). -#}
{% macro try_cast_name(type) -%}
    try_cast_{{ type | replace('(', '_') | replace(', ', '_') | replace(')', '') }}
{%- endmacro %}
