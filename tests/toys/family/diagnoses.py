"""Nothing is known to befall it."""

from aigc_demo.training.doctor.diagnosis import Chart

CHART = Chart(marker="held_out_loss", diagnoses=())
