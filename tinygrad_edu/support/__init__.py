"""What every part of the package uses: imports on demand, files, clear errors, printed reports.

lazy        names that a package imports only when they are used
characters  subscripts and superscripts
files       files that are written completely or not at all
given       errors that say what was given, what is needed, and what to write instead
progress    a progress bar for what takes long
showing     reports that print on any terminal and show themselves in a notebook
tables      rows of text as aligned lines and as HTML
"""
