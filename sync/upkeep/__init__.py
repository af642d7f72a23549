"""The database as a whole: kept safe, brought back, moved, emptied of what may not stay."""
