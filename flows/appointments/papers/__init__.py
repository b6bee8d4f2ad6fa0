"""The papers of a case: what its person has answered, who they are if no account says it, and what staff noted."""
