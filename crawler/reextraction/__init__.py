"""Lines again from archives, ours or anyone's, and corrections of published ones."""
