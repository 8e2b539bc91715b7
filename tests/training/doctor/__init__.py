from aigc_demo.models.family import family


def chart(name):
    """What can befall a family."""
    return family(name).part("diagnoses").CHART
