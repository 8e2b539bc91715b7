"""Prompt templates for the trades that work with text, each in Chinese and English, and a way to find one.

library/     the templates, one YAML file each
template.py  what a template is; reading and filling
search.py    the templates nearest to what a reader wants, by meaning or by characters
"""

from aigc_demo.actions.prompt_templates.search import Found, nearest
from aigc_demo.actions.prompt_templates.template import Blank, Template, Wording, find_template, templates

__all__ = ["Blank", "Found", "Template", "Wording", "find_template", "nearest", "templates"]
