"""The bus company: stops, lines and arrivals that move with the clock."""
