"""The Evaluate tab: how good models are, with intervals; what people prefer; figures that mislead."""
