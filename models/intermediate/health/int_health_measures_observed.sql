with

{% for model, measures in health_measures().items() -%}
{{ model }} as (
    select * from {{ ref(model) }}
),

{% endfor -%}
observed as (
    {%- for model, measures in health_measures().items() %}
    {%- set is_last_model = loop.last %}
    {%- for measure in measures %}
    select
        account_id,
        observation_date,
        '{{ measure }}' as measure,
        {{ rounded(measure, 18, 4) }} as measure_value
    from {{ model }}
    where {{ measure }} is not null
    {%- if not (is_last_model and loop.last) %}

    union all
    {% endif %}
    {%- endfor %}
    {%- endfor %}
)

select * from observed
