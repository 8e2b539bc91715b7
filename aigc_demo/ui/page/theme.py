"""Paper, ink and one cinnabar accent: the theme, and the style sheet beside it."""

from pathlib import Path

import gradio as gr

SANS = [
    "-apple-system",
    "Segoe UI",
    "PingFang SC",
    "Noto Sans CJK SC",
    "Microsoft YaHei",
    "Noto Sans",
    "sans-serif",
]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "DejaVu Sans Mono", "Noto Sans Mono CJK SC", "monospace"]

CINNABAR = gr.themes.Color(
    name="cinnabar",
    c50="#FBF1EE", c100="#F6DFD9", c200="#EBBFB4", c300="#DD9686", c400="#CF6A57", c500="#B8402C",
    c600="#A03624", c700="#842C1E", c800="#6A2519", c900="#4E1C13", c950="#34130D",
)  # fmt: skip
PAPER = gr.themes.Color(
    name="paper",
    c50="#FAF8F4", c100="#F2EEE7", c200="#E4DFD6", c300="#CDC6BA", c400="#A69E92", c500="#766F65",
    c600="#5C564E", c700="#433F39", c800="#302D29", c900="#26241F", c950="#1A1916",
)  # fmt: skip


def build_theme() -> gr.themes.Base:
    """The theme: small radius, thin lines, no shadows; text meets WCAG AA in light and dark."""
    return gr.themes.Base(
        primary_hue=CINNABAR,
        secondary_hue=CINNABAR,
        neutral_hue=PAPER,
        radius_size=gr.themes.sizes.radius_sm,
        spacing_size=gr.themes.sizes.spacing_md,
        font=SANS,
        font_mono=MONO,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="#1E2226",
        body_text_color_dark="#EDE8DF",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="#B5AD9F",
        background_fill_primary="#FFFFFF",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_800",
        block_background_fill="#FFFFFF",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_border_color="*neutral_200",
        block_border_color_dark="#3A3731",
        border_color_primary="*neutral_200",
        border_color_primary_dark="#3A3731",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_text_color="*neutral_500",
        block_label_text_color_dark="#B5AD9F",
        block_label_text_weight="400",
        block_title_text_color="*neutral_500",
        block_title_text_color_dark="#B5AD9F",
        block_title_text_weight="400",
        block_info_text_color="*neutral_500",
        block_info_text_color_dark="#B5AD9F",
        input_background_fill="#FFFFFF",
        input_background_fill_dark="#1F1D1A",
        input_border_color="*neutral_300",
        input_border_color_dark="#4A463F",
        input_border_width="1px",
        input_shadow="none",
        input_shadow_focus="none",
        input_border_color_focus="*primary_400",
        input_border_color_focus_dark="*primary_400",
        button_primary_background_fill="*primary_500",
        button_primary_background_fill_hover="*primary_600",
        button_primary_background_fill_dark="*primary_500",
        button_primary_background_fill_hover_dark="*primary_600",
        button_primary_text_color="#FFFFFF",
        button_secondary_background_fill="#FFFFFF",
        button_secondary_background_fill_dark="*neutral_900",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_hover_dark="*neutral_800",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="#4A463F",
        button_border_width="1px",
        slider_color="*primary_500",
        slider_color_dark="*primary_400",
        checkbox_background_color_selected="*primary_500",
        checkbox_background_color_selected_dark="*primary_500",
        checkbox_border_color_selected="*primary_500",
        checkbox_label_background_fill_selected="*primary_50",
        checkbox_label_background_fill_selected_dark="*neutral_800",
        link_text_color="*primary_600",
        link_text_color_dark="*primary_300",
        accordion_text_color="#1E2226",
        accordion_text_color_dark="#EDE8DF",
    )


ASSETS = Path(__file__).parents[1] / "assets"
IN_HEAD = "phone.css"  # rules that Gradio would rewrite: they go into the page's head


def asset(name: str) -> str:
    """Text of a file in ui/assets."""
    return (ASSETS / name).read_text("utf-8")


def style_sheets() -> str:
    """All style sheets in ui/assets but the one in the page's head; app.css, which the others refine, comes first."""
    names = sorted(path.name for path in ASSETS.glob("*.css") if path.name not in ("app.css", IN_HEAD))
    return "".join(map(asset, ["app.css", *names]))
