"""Workbooks as lists: each sheet that is a table is a stream of its own, `kunder.xlsx#Ark1`.

    package   the zip archive of an .xlsx: members read within bounds, copied byte for byte
    book      what a file is, and its sheets; cells are read by calamine
    sheets    where a sheet's table stands and what its columns mean
    reading   a sheet as pages of records
    markup    the XML of one sheet: where its cells stand
    edits     the XML of one cell, rewritten
    repair    a push: one member of the package replaced, all others copied
    copies    a corrected copy beside a workbook that cannot be repaired in place

docs/files.md says what users may rely on.
"""
