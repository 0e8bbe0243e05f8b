with

months as (
    select
        month_end,
        {{ add_days('month_start', -1) }} as previous_month_end
    from {{ ref('int_months_closed') }}
),

champions as (
    select * from {{ ref('health_models') }}
    where status = 'champion'
),

bands as (
    select * from {{ ref('health_bands') }}
),

scores as (
    select * from {{ ref('fct_health_scores') }}
    where period_type = 'month_end'
),

account_months as (
    select * from {{ ref('fct_account_months') }}
),

months_judged as (
    select
        months.month_end,
        months.previous_month_end,
        champions.model_version
    from months
    inner join champions
        on {{ is_in_force(
            'months.month_end', 'champions.effective_from', 'champions.effective_to'
        ) }}
),

customers_before as (
    select
        scores.account_id,
        months_judged.month_end,
        scores.final_band,
        scores.mrr
    from months_judged
    inner join scores
        on months_judged.previous_month_end = scores.observation_date
        and months_judged.model_version = scores.model_version
),

customers_now as (
    select
        scores.account_id,
        months_judged.month_end,
        scores.final_band,
        scores.mrr
    from months_judged
    inner join scores
        on months_judged.month_end = scores.observation_date
        and months_judged.model_version = scores.model_version
),

customers as (
    select
        account_id,
        month_end
    from customers_before

    union

    select
        account_id,
        month_end
    from customers_now
),

compared as (
    select
        customers.account_id,
        customers.month_end,
        months_judged.previous_month_end,
        months_judged.model_version,
        coalesce(customers_before.final_band, 'new') as from_band,
        coalesce(customers_now.final_band, 'left') as to_band,
        coalesce(customers_before.mrr, 0) as previous_month_mrr,
        coalesce(customers_now.mrr, 0) as mrr
    from customers
    inner join months_judged
        on customers.month_end = months_judged.month_end
    left join customers_before
        on customers.account_id = customers_before.account_id
        and customers.month_end = customers_before.month_end
    left join customers_now
        on customers.account_id = customers_now.account_id
        and customers.month_end = customers_now.month_end
),

final as (
    select
        account_months.account_month_id,
        compared.account_id,
        account_months.account_version_id,
        compared.month_end,
        compared.previous_month_end,
        compared.model_version,
        compared.from_band,
        compared.to_band,
        -- Neither unscored nor those who came or left have a bound.
        bands.lower_bound > from_bands.lower_bound as is_upgrade,
        bands.lower_bound < from_bands.lower_bound as is_downgrade,
        {{ money('compared.previous_month_mrr') }} as previous_month_mrr,
        {{ money('compared.mrr') }} as mrr
    from compared
    inner join account_months
        on compared.account_id = account_months.account_id
        and compared.month_end = account_months.month_end
    left join bands as from_bands
        on compared.model_version = from_bands.model_version
        and compared.from_band = from_bands.band
    left join bands
        on compared.model_version = bands.model_version
        and compared.to_band = bands.band
)

select * from final
