{#- A whole number in any notation of clean_decimal; one with a fraction other
    than zero is unreadable, not rounded. -#}
{% macro clean_integer(expression) -%}
    {%- set number = clean_decimal(expression, scale=8) -%}
    case
        when {{ matches(expression, '^-?[0-9]+$') }}
            then {{ try_cast_to(expression, 'integer') }}
        when {{ number }} = floor({{ number }})
            then {{ try_cast_to(number, 'integer') }}
    end
{%- endmacro %}
