"""The executive pages: a small static site of metric queries, readable without a network."""
