with

opportunity_history as (
    select * from {{ ref('base_crm__opportunity_history') }}
),

kept_rows as (
    select
        opportunity_id,
        changed_at,
        stage,
        forecast_category,
        forecast_amount,
        close_date
    from opportunity_history
    where row_status = 'kept'
)

select * from kept_rows
