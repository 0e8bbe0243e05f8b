{#- Wilson's interval of a share: the lower or upper bound for so many hits among so many
    tries, at the z of the wanted confidence (1.96 for 95 %). Null without a try. -#}
{% macro wilson_low(hits, tries, z) -%}
    {{ wilson_bound(hits, tries, z, '-') }}
{%- endmacro %}

{% macro wilson_high(hits, tries, z) -%}
    {{ wilson_bound(hits, tries, z, '+') }}
{%- endmacro %}

{% macro wilson_bound(hits, tries, z, sign) -%}
    (
        {{ hits }} + {{ z }} * {{ z }} / 2.0
        {{ sign }} {{ z }} * sqrt(
            cast({{ hits }} as double precision) * ({{ tries }} - {{ hits }})
            / nullif({{ tries }}, 0)
            + {{ z }} * {{ z }} / 4.0
        )
    ) / ({{ tries }} + {{ z }} * {{ z }})
{%- endmacro %}
