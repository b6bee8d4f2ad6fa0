"""QR codes of one protocol: pass codes that residents show, place codes that they scan, and who reads them."""
