with

activity as (
    select * from {{ ref('base_usage__activity') }}
),

kept_rows as (
    select
        product_user_id,
        account_id,
        feature_key,
        activity_date,
        event_count
    from activity
    where row_status = 'kept'
)

select * from kept_rows
