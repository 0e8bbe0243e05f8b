-- Every text has a row, and it is unclassified if and only if no theme was found.
with

texts as (
    select * from {{ ref('int_feedback_texts_listed') }}
),

found as (
    select
        source_type,
        source_id,
        count(*) as found_rows,
        sum(case when theme = 'unclassified' then 1 else 0 end) as unclassified_rows
    from {{ ref('fct_feedback_themes') }}
    group by source_type, source_id
)

select
    texts.source_type,
    texts.source_id
from texts
full outer join found
    on texts.source_type = found.source_type
    and texts.source_id = found.source_id
where texts.source_id is null
    or found.source_id is null
    or (found.unclassified_rows > 0 and found.found_rows > 1)
