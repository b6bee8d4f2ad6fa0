"""Every morning: what we hold to be paid and given back, against what each host app says it has paid us. To the fen."""
