with

account_months as (
    select * from {{ ref('fct_account_months') }}
    where is_active_customer
        and csm_id is not null
),

ratios as (
    select
        *,
        lead(effective_from) over (
            partition by scenario, segment order by effective_from
        ) as effective_to
    from {{ ref('coverage_model') }}
),

scenarios as (
    select scenario from {{ ref('coverage_model') }}
    group by scenario
),

loaded as (
    select
        scenarios.scenario,
        account_months.account_month_id,
        account_months.account_id,
        account_months.account_version_id,
        account_months.month_start,
        account_months.csm_id,
        account_months.segment,
        account_months.arr,
        -- Work goes partly by heads and partly by money; a full book of either is a load of 1.
        cast(
            ratios.account_weight / ratios.accounts_per_csm
            + (1 - ratios.account_weight) * account_months.arr / ratios.arr_per_csm
            as decimal(18, 12)
        ) as csm_load
    from account_months
    cross join scenarios
    left join ratios
        on scenarios.scenario = ratios.scenario
        and account_months.segment = ratios.segment
        and {{ is_in_force(
            'account_months.month_end', 'ratios.effective_from', 'ratios.effective_to'
        ) }}
)

select * from loaded
