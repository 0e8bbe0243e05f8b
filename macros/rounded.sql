{#- The one rounding rule of a number that was divided: twelve decimals first, so that binary
    fractions cannot tip a half, then half up. Engines differ on the type of a quotient; rounded
    so they agree on it. -#}
{% macro rounded(number, precision, scale) -%}
    cast(cast({{ number }} as decimal(28, 12)) as decimal({{ precision }}, {{ scale }}))
{%- endmacro %}
