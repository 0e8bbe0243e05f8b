{#- The movement types of MRR, each with the column of fct_account_months that holds
    its amount. -#}
{% macro movement_columns() %}
    {{ return({
        'new': 'new_mrr',
        'reactivation': 'reactivation_mrr',
        'expansion': 'expansion_mrr',
        'contraction': 'contraction_mrr',
        'churn': 'churned_mrr',
        'fx': 'fx_mrr',
    }) }}
{% endmacro %}
