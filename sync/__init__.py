"""The program: command line, settings, the pass, reports. Where what is, one line each:

* app, run, passes, stages: how it is put together, one pass, its parts, and each part's steps
* suppression: the one list: who said no, by what door, who was told, how it ends
* calling: who may be called: lists checked and released, registers, forbidden contacts
* systems: outside systems as the settings name them: set up, mapped, provisioned, tried out
* enrichment, refine: sources asked within a purse; cleaning steps and companies for OpenRefine
* review: what people look at and decide: plans, undo, findings, who is who
* report: what a pass did, as a page, sheets and JSON
* service: always on: the jobs, the two engines that do them, alarms, how it is seen that all is well
* upkeep: the database as a whole: backup, restore, move, archive, purge
* people: who may sign in, and which programs may ask
* commands, web: the same things as commands, and as page and API
* settings, texts: what may be set, and every word that users read
"""
