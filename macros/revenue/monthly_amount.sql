{#- The monthly worth of a charge, to the cent: its amount for one billing
    interval, spread over the months of the interval and converted at the rate.
    Everything coarser than a charge and a month is a sum of these. -#}
{% macro monthly_amount(interval_amount, intervals, months, rate=1) -%}
    {{ to_cents(interval_amount ~ ' * ' ~ intervals ~ ' * ' ~ rate ~ ' / ' ~ months) }}
{%- endmacro %}
