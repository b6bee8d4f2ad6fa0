"""The draw of who may hold first when a day is released: joining, ranking, and the order of being let in."""
