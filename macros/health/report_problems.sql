{#- Prints each row of int_health_problems_found, so that whoever changed a seed reads
    which row is wrong, and not only that a test found one. -#}
{% macro report_problems() %}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- for row in run_query('select seed, seed_row, problem from ' ~ this).rows -%}
            {%- do log(row[0] ~ ', ' ~ row[1] ~ ': ' ~ row[2], info=true) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
