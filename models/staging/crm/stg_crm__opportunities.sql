with

opportunities as (
    select * from {{ ref('base_crm__opportunities') }}
),

kept_rows as (
    select
        opportunity_id,
        account_id,
        type,
        stage,
        amount,
        currency,
        forecast_category,
        forecast_amount,
        risk_status,
        close_plan,
        owner_id,
        source,
        subscription_id,
        close_date,
        created_at,
        closed_at,
        is_won,
        loss_reason
    from opportunities
    where row_status = 'kept'
)

select * from kept_rows
