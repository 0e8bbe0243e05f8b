{#- Where engines differ on text. Patterns keep to what all regular expression
    dialects share: [0-9] and [.], never a backslash. -#}

{% macro matches(expression, pattern) -%}
    {{ return(adapter.dispatch('matches')(expression, pattern)) }}
{%- endmacro %}

{% macro default__matches(expression, pattern) -%}
    regexp_matches({{ expression }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__matches(expression, pattern) -%}
    (({{ expression }}) ~ '{{ pattern }}')
{%- endmacro %}

{% macro replace_matches(expression, pattern, replacement) -%}
    {{ return(adapter.dispatch('replace_matches')(expression, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replace_matches(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{#- The pattern's group in its first match; '' where there is none. -#}
{% macro first_match(expression, pattern) -%}
    {{ return(adapter.dispatch('first_match')(expression, pattern)) }}
{%- endmacro %}

{% macro default__first_match(expression, pattern) -%}
    regexp_extract({{ expression }}, '{{ pattern }}', 1)
{%- endmacro %}

{% macro postgres__first_match(expression, pattern) -%}
    coalesce(substring({{ expression }} from '{{ pattern }}'), '')
{%- endmacro %}

{#- Without the white space on either side: spaces, tabs, line ends, no-break spaces. -#}
{% macro trim_whitespace(expression) -%}
    {{ return(adapter.dispatch('trim_whitespace')(expression)) }}
{%- endmacro %}

{% macro default__trim_whitespace(expression) -%}
    trim({{ expression }}, ' ' || chr(9) || chr(10) || chr(13) || chr(160))
{%- endmacro %}

{#- The value in another type, or null where it can't be read as one. -#}
{% macro try_cast_to(expression, type) -%}
    {{ return(adapter.dispatch('try_cast_to')(expression, type)) }}
{%- endmacro %}

{% macro default__try_cast_to(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}

{% macro postgres__try_cast_to(expression, type) -%}
    {{ target.schema }}.{{ try_cast_name(type) }}(cast({{ expression }} as text))
{%- endmacro %}

{#- A JSON object, in text. values: what each name holds, as SQL. -#}
{% macro raw_row_as_json(values) -%}
    {{ return(adapter.dispatch('raw_row_as_json')(values)) }}
{%- endmacro %}

{% macro default__raw_row_as_json(values) -%}
    cast(json_object(
        {%- for name, value in values.items() %}
        '{{ name }}', {{ value }}{{ ',' if not loop.last }}
        {%- endfor %}
    ) as {{ dbt.type_string() }})
{%- endmacro %}

{% macro postgres__raw_row_as_json(values) -%}
    (
        select cast(row_to_json(raw_row) as {{ dbt.type_string() }})
        from (
            select
                {%- for name, value in values.items() %}
                {{ value }} as {{ name }}{{ ',' if not loop.last }}
                {%- endfor %}
        ) as raw_row
    )
{%- endmacro %}
