"""Always on: the jobs, the two engines that do them, and how it is seen that all is well."""
