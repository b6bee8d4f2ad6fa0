"""A month of a town's parking, played through the real parts and then compared with what truly happened."""
