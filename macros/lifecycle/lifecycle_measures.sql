{#- The measures that a lifecycle criterion may name: columns of
    int_lifecycle_measures_observed. To add one, add its column there and its name here. -#}
{% macro lifecycle_measures() %}
    {{ return([
        'mrr',
        'was_ever_in_service',
        'days_since_start',
        'onboarding_projects',
        'open_onboarding_projects',
        'is_first_value_reached',
        'seat_utilization_pct',
        'days_to_term_end',
        'charges_signed_ahead',
        'open_expansion_opportunities',
    ]) }}
{% endmacro %}
