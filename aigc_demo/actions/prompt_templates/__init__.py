"""Prompt templates for the trades that work with text, each in Chinese and English, and a way to find one."""

from aigc_demo.actions.prompt_templates.template import (
    Blank,
    Template,
    Wording,
    all_templates,
    find_template,
    nearest,
)

__all__ = ["Blank", "Template", "Wording", "all_templates", "find_template", "nearest"]
