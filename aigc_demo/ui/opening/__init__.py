"""The first tab: finished exhibits, each made by a model and recorded, which move before any model is loaded.

    start_tab.py    the table EXHIBITS, and the tab that shows those of them that this page can go on with
    exhibit.py      what an exhibit is: a recorded request, what is seen of it, and the tab that takes it over
    write.py, draw.py, enlarge.py, walk.py    one exhibit each; a new one is such a file and an entry in the table
    recorded/NAME/  its files, which `python -m tests.exhibits` makes anew; the server hands them out under /start/

What moves stands in assets/start.js, and what is one exhibit's own in assets/start_NAME.js.
"""
