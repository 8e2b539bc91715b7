"""What can befall a Transformer that learns to write."""

from aigc_demo.language.diagnoses import LOOPING, OVERFITTING
from aigc_demo.training.doctor.diagnosis import Chart

CHART = Chart(marker="repetition", diagnoses=(OVERFITTING, LOOPING))
