"""`ivr_flows/` -> objects, or every problem at once, each with file, line and remedy.

problems     what is wrong, where, and what to do
source       one YAML file and the lines its values stand on
shapes       what each file may hold
calendars    holidays of a region
voices       which voice speaks which language
load         everything, joined and checked
"""

from app.content.load import load
from app.content.problems import ContentError, Problem

__all__ = ["ContentError", "Problem", "load"]
