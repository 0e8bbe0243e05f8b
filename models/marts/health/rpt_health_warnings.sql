{{ config(post_hook="{{ report_rows(\"message\") }}") }}

select * from {{ ref('int_health_warnings_found') }}
