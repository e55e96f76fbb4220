"""How well readers agree with each other, and the software with them."""
