{#- What makes an engine quick, without a say in what comes out. -#}

{#- Said of a CTE whose columns are long expressions that later steps name often: PostgreSQL
    would write each expression out wherever its column is named. -#}
{% macro computed_once() -%}
    {{ return(adapter.dispatch('computed_once')()) }}
{%- endmacro %}

{% macro default__computed_once() -%}{%- endmacro %}

{% macro postgres__computed_once() -%}
    materialized
{%- endmacro %}

{#- Before a model is made: PostgreSQL would spend more time on translating a long query into
    machine code than the query takes without, and, knowing nothing of a CTE's rows, compare all
    rows of two large ones with each other. -#}
{% macro plan_for_many_rows() -%}
    {{ return(adapter.dispatch('plan_for_many_rows')()) }}
{%- endmacro %}

{% macro default__plan_for_many_rows() -%}{%- endmacro %}

{% macro postgres__plan_for_many_rows() -%}
    set jit = off; set enable_nestloop = off
{%- endmacro %}

{#- After a table is made: PostgreSQL knows nothing of its rows until they are counted, and joins
    it as if it were small. -#}
{% macro count_rows_for_the_planner() -%}
    {{ return(adapter.dispatch('count_rows_for_the_planner')()) }}
{%- endmacro %}

{% macro default__count_rows_for_the_planner() -%}{%- endmacro %}

{% macro postgres__count_rows_for_the_planner() -%}
    {%- if model.config.materialized != 'view' -%} analyze {{ this }} {%- endif -%}
{%- endmacro %}
