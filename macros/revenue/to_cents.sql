{#- The one rounding rule of money: eight decimals first, so that binary fractions
    cannot tip a half cent, then half up to cents. -#}
{% macro to_cents(amount) -%}
    {{ money('round(cast(' ~ amount ~ ' as decimal(28, 8)), 2)') }}
{%- endmacro %}
