"""What people look at and decide: plans, runs taken back, findings, who is who."""
