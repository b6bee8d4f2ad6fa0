"""Pick-up codes: something lies ready for a resident at an office, such as a prescription at a pharmacy."""
