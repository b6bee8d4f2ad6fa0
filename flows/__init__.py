"""What residents do: pay, park; each flow is a folder, and stands on codes and payments."""
