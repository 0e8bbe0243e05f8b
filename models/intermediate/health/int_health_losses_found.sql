with

account_months as (
    select * from {{ ref('fct_account_months') }}
),

-- What a sister account of the same ultimate parent gained in the month was moved, not lost.
parent_losses as (
    select
        ultimate_parent_account_id,
        month_start,
        sum(mrr_previous_month_constant_currency - mrr) as mrr_lost_by_parent
    from account_months
    group by ultimate_parent_account_id, month_start
),

losses as (
    select
        account_months.account_id,
        account_months.month_start,
        account_months.month_end,
        account_months.is_churned as has_churned,
        account_months.contraction_mrr < 0 as has_contracted,
        case
            when parent_losses.mrr_lost_by_parent
                < -(account_months.churned_mrr + account_months.contraction_mrr)
                then parent_losses.mrr_lost_by_parent
            else -(account_months.churned_mrr + account_months.contraction_mrr)
        end as mrr_lost
    from account_months
    inner join parent_losses
        on account_months.ultimate_parent_account_id = parent_losses.ultimate_parent_account_id
        and account_months.month_start = parent_losses.month_start
    where account_months.account_id <> 'unassigned'
)

select * from losses
where mrr_lost > 0
