"""The SQL by which a tool that has no SQL of its own in a measure reads a table.

What a measure aggregates is a column of the query, so that filters and expressions stay in SQL and
the tool has nothing left to do but to add up or to count.
"""

from scripts.bi.governed import Measure, Table


def value_column(measure: Measure) -> str:
    """The column that holds what a measure aggregates."""
    return f"{measure.metric.name}__value"


def table_query(table: Table) -> str:
    """The table's columns, and those that its measures aggregate or that are metrics."""
    columns = [f'"{column.name}"' for column in table.columns]
    columns += [f'"{metric.name}"' for metric in table.metrics]
    columns += [f"{measure.value} as {value_column(measure)}" for measure in table.measures]
    return f"select {', '.join(columns)} from {table.relation}"


def joined_query(table: Table, dimensions: list[Table]) -> str:
    """The same with the columns of the dimension tables, named <entity>__<column>.

    A row has at most one of each, so the join multiplies none.
    """
    by_name = {each.name: each for each in dimensions}
    columns, joins = ["fact.*"], []
    for join in table.joins:
        joined = by_name[join.table]
        columns += [
            f'{join.entity}."{column.name}" as {join.entity}__{column.name}'
            for column in joined.columns
            if column.name != join.key
        ]
        joins.append(
            f" left join {joined.relation} as {join.entity}"
            f" on fact.{join.column} = {join.entity}.{join.key}"
        )
    return f"select {', '.join(columns)} from ({table_query(table)}) as fact{''.join(joins)}"
