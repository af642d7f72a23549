"""How the one list is kept: who said no, by what door, who was told, and how it ends."""
