"""QR codes of one protocol: place codes, which stand somewhere, and pass codes, which a resident shows."""
