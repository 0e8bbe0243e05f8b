{#- The monthly worth of a charge, to the cent: its amount for one billing
    interval, spread over the months of the interval and converted at the rate.
    This is the one rounding rule of MRR: eight decimals first, so that binary
    fractions cannot tip a half cent, then half up to cents. Everything coarser
    than a charge and a month is a sum of these. -#}
{% macro monthly_amount(interval_amount, intervals, months, rate=1) -%}
    cast(
        round(
            cast(
                {{ interval_amount }} * {{ intervals }} * {{ rate }} / {{ months }}
                as decimal(28, 8)
            ),
            2
        ) as decimal(18, 2)
    )
{%- endmacro %}
