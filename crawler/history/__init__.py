"""What an article is beside what is known of it: new, changed, withdrawn, back."""
