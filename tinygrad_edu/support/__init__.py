"""What every part of the package uses: imports on demand, files, clear errors, printed reports.

lazy        names that a package imports when somebody asks for them
characters  raised and lowered characters
files       files that are written as a whole or not at all
given       errors that say what was given, what is needed, and what to write instead
showing     reports that print themselves on any terminal and show themselves in a notebook
"""
