"""What other BI tools are told of the governed metrics, generated from the semantic manifest."""
