{#- The measures that a health model may weigh, by name, with the model that observes
    each: one row per account and observation date, in a column of the measure's name.
    To add one, add its column there, its name here and a row in the reference seed
    health_measure_definitions; weights and thresholds are rows of health_measures. -#}
{% macro health_measures() %}
    {{ return({
        'int_health_adoption_observed': [
            'mau_change_pct', 'core_features_used_pct', 'seat_utilization_pct',
            'active_users_pct', 'active_weeks',
        ],
        'int_health_engagement_observed': [
            'days_since_touch', 'days_since_review', 'champions', 'executive_sponsors',
        ],
        'int_health_support_observed': [
            'open_severe_tickets', 'escalations_90_days', 'resolved_in_time_90_days_pct',
            'reopened_90_days_pct', 'csat_90_days_pct',
        ],
        'int_health_progress_observed': [
            'milestones_in_time_pct', 'success_plans_done_pct', 'onboarding_days_late',
        ],
        'int_health_voice_observed': [
            'nps_180_days', 'nps_change_180_days', 'csat_180_days',
            'survey_response_180_days_pct',
        ],
        'int_health_commercial_observed': ['days_overdue', 'mrr_change_90_days_pct'],
        'int_health_renewals_observed': ['renewal_not_forecast_pct'],
        'int_health_baselines_observed': ['tenure_days', 'random_number'],
    }) }}
{% endmacro %}
