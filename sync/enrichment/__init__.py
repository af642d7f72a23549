"""What sources are asked, what they answered, and what it cost."""
