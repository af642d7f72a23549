"""The page of administrators, project leaders and agents: a listener of its own, for people who sign in.

    site    the application: which address is which page, and the right that it takes
    door    who is signed in: cookies, forms that nobody else can send, how often one may try
    asked   what a page is asked, and what it may answer with
    frame   answers as HTML, in the language and with the menu of whoever asks

Each page calls the functions that the commands call, and knows no rule and no table of its own.
"""
