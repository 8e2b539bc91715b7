"""What all tabs share: the shell, the language, panels, progress, and ways around the gaps of Gradio."""
