{#- A number with up to four decimals (exchange rates: eight), rounded half up.

    Read: 1234.5, 1,234.50, 1.234,50, 1234,5, 1 234.50, 1e-05; with a currency sign
    or code, or a percent sign, beside it; -12 and (12) are negative. A single group
    is read as in English: 1,234 is a thousand, 1.234 is not. All else is null. -#}
{% macro clean_decimal(expression, scale=4) -%}
    {%- set number = 'upper(replace(' ~ expression ~ ", chr(160), ' '))" -%}
    {%- set number = replace_matches(number, '[$€£% ]|USD|EUR|GBP', '') -%}
    {%- set number = replace_matches(number, '^[(](.*)[)]$', '-\\1') -%}
    {{ try_cast_to(plain_decimal_text(number), 'decimal(18, ' ~ scale ~ ')') }}
{%- endmacro %}

{#- The same number in the one notation that a cast reads. -#}
{% macro plain_decimal_text(number) -%}
    case
        when {{ matches(number, '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)(E[+-]?[0-9]+)?$') }}
            then {{ number }}
        when {{ matches(number, '^[+-]?[0-9]{1,3}(,[0-9]{3})+([.][0-9]*)?$') }}
            then replace({{ number }}, ',', '')
        when {{ matches(number, '^[+-]?[0-9]{1,3}([.][0-9]{3})+,[0-9]+$') }}
            then replace(replace({{ number }}, '.', ''), ',', '.')
        when {{ matches(number, '^[+-]?[0-9]{1,3}([.][0-9]{3}){2,}$') }}
            then replace({{ number }}, '.', '')
        when {{ matches(number, '^[+-]?[0-9]+,[0-9]+$') }}
            then replace({{ number }}, ',', '.')
    end
{%- endmacro %}
