"""The hall of an office: who has come, in which order they are called to which counter, and how long they wait."""
