{#- A condition holds on every row. A row for which it is unknown (null) fails
    too: where null is fine, the expression says so.
    expression: SQL condition over the model's columns. -#}
{% test expression_is_true(model, expression) %}

select *
from {{ model }}
where ({{ expression }}) is not true

{% endtest %}
