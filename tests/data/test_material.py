"""What pictures with captions have in common."""

from aigc_demo.data.material import of_others


def test_another_caption_is_another_one_in_the_same_language_also_where_classes_come_by_turns():
    captions = ["circle", "方", "triangle", "星"] * 4
    others = of_others(captions)
    assert all(
        own != other and own.isascii() == other.isascii() for own, other in zip(captions, others, strict=True)
    )
    assert others[:2] == ["triangle", "星"]
    assert of_others(["a", "甲", "a", "乙"]) == ["a", "乙", "a", "甲"] and of_others([]) == []
