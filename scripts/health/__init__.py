"""How well the health score tells who leaves: learned versions, comparisons, the report."""
