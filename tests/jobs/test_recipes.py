"""What is proposed for data: by what is known of them."""

from aigc_demo.jobs.recipes import DataFacts, recipe_for


def test_pictures_with_captions_are_for_a_model_that_draws_words():
    for amount, size in ((54, "tiny"), (5000, "small")):
        proposed = recipe_for(DataFacts("mine", "pictures", amount, captioned=True)).settings
        assert (proposed["family"], proposed["size"]) == ("diffusion", size)
    assert recipe_for(DataFacts("mine", "pictures", 54)).settings["family"] == "vae"
    assert recipe_for(DataFacts("mine", "pictures", 5000)).settings["family"] == "gan"
    assert recipe_for(DataFacts("mine", "pictures", 54, captioned=True), "vae").settings["family"] == "vae"
