with

accounts as (
    select * from {{ ref('dim_accounts') }}
    where not is_internal
),

billed as (
    select
        account_id,
        {{ money('mrr * 12') }} as billing_arr
    from {{ ref('int_account_mrr_observed') }}
    where observation_date = {{ as_of_date() }}
),

rates as (
    select * from {{ ref('int_fx_rates_spanned') }}
    where {{ is_in_force(as_of_date(), 'valid_from', 'valid_to') }}
),

tolerances as (
    select * from {{ ref('reconciliation_tolerances') }}
    where amount = 'arr'
),

mistakes as (
    select * from {{ ref('int_arr_mistakes_listed') }}
),

sides as (
    select
        accounts.account_id,
        {{ as_of_date() }} as observation_date,
        {{ month_start(as_of_date()) }} as month_start,
        accounts.crm_arr as crm_arr_local,
        accounts.crm_currency,
        -- The CRM's amounts are in the reporting currency where it names none.
        case
            when coalesce(accounts.crm_currency, '{{ var("reporting_currency") }}')
                = '{{ var("reporting_currency") }}'
                then accounts.crm_arr
            else {{ money('accounts.crm_arr * rates.rate') }}
        end as crm_arr,
        coalesce(billed.billing_arr, 0) as billing_arr
    from accounts
    left join billed
        on accounts.account_id = billed.account_id
    left join rates
        on accounts.crm_currency = rates.currency
),

compared as (
    select
        sides.*,
        tolerances.tolerance,
        coalesce(sides.crm_arr, 0) - sides.billing_arr as difference,
        abs(coalesce(sides.crm_arr, 0) - sides.billing_arr)
        <= tolerances.tolerance * sides.billing_arr as is_within_tolerance
    from sides
    cross join tolerances
    where coalesce(sides.crm_arr_local, 0) <> 0
        or sides.billing_arr <> 0
),

-- The likeliest mistake that gives the CRM's amount, to the tolerance.
found as (
    select
        compared.account_id,
        mistakes.reason,
        row_number() over (
            partition by compared.account_id order by mistakes.likelihood asc
        ) as likelihood_rank
    from compared
    inner join mistakes
        on compared.account_id = mistakes.account_id
        and abs(compared.crm_arr - mistakes.arr) <= compared.tolerance * mistakes.arr
)

select
    compared.account_id,
    account_versions.account_version_id,
    compared.observation_date,
    compared.month_start,
    compared.crm_arr,
    compared.billing_arr,
    {{ money('compared.difference') }} as difference,
    {{ money('abs(compared.difference)') }} as absolute_difference,
    compared.account_id <> 'unassigned' as is_customer,
    compared.is_within_tolerance,
    case
        when compared.is_within_tolerance then null
        when compared.crm_arr is null and compared.crm_arr_local <> 0 then 'currency'
        when coalesce(compared.crm_arr, 0) = 0 then 'missing_in_crm'
        when found.reason is not null then found.reason
        when compared.billing_arr = 0 then 'missing_in_billing'
        else 'unexplained'
    end as difference_reason
from compared
left join found
    on compared.account_id = found.account_id
    and found.likelihood_rank = 1
{{ join_account_version('compared', 'compared.observation_date') }}
