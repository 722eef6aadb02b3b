"""What the measurements compare with."""
