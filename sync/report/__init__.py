"""What a run did or would do, for people and programs: one `Report`, rendered in four ways.

build.py      facts of the pass + questions to the store -> Report   (model.py)
terminal.py   one screen of text          page.py      one HTML file
listing.py    everything, one row each    JSON         Report.model_dump, docs/report.schema.json
"""
