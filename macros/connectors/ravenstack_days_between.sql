{#- Days from one date to another, as RavenStack writes them (dd-mm-yyyy). -#}
{% macro ravenstack_days_between(first_date, second_date) -%}
    {{ dbt.datediff(clean_date(first_date), clean_date(second_date), 'day') }}
{%- endmacro %}
