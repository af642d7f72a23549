"""The stages of one pass, in the order in which they run: pull, decide, guard, queue, push, settle."""
