{#- Prints a line for each row of the model that was just built, so that whoever builds reads
    what is wrong with the input, and not only that a test found something.
    line: SQL expression over the model's columns. -#}
{% macro report_rows(line) %}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set lines = run_query('select ' ~ line ~ ' as line from ' ~ this ~ ' order by 1') -%}
        {%- for row in lines.rows -%}
            {%- do log(row[0], info=true) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
