"""The picture bench: what the app is measured against makes a sheet as large as the app's."""

import io

from PIL import Image

from aigc_demo import actions
from aigc_demo.bench.picture import REQUEST, bare_call
from aigc_demo.runtime.registry import find_card


def test_the_bare_call_makes_as_large_a_sheet(cache, settings):
    made = actions.make_images(REQUEST, cache).pictures
    with cache.use(find_card(REQUEST.model, settings)) as model:
        sheet = Image.open(io.BytesIO(bare_call(model)()))
    scale = actions.scale_to(actions.SHEET_SIDE, made)
    assert sheet.size == (8 * 28 * scale, 8 * 28 * scale) and sheet.format == "PNG"
