"""Arrays in, labelled files out; uploaded pictures in, clean arrays out.

pixels.py    arrays, tensors and pictures as uint8; enlarging
visible.py   the label in words on a picture
files.py     save_image, save_animation, save_audio, save_text: every file leaves through here, labelled; before sound, a rhythm
films.py     the same for MP4
sheets.py    many pictures on one: contact_sheet, strip
uploads.py   open_picture, the one door for uploaded pictures, and fit_square, which makes them like the data
colours.py   what their numbers mean: deep levels, colour profiles        kinds.py   which files are pictures
"""

from aigc_demo.media.files import encode, new_path, save_audio, save_copy, save_image, save_text
from aigc_demo.media.films import save_animation
from aigc_demo.media.pixels import to_picture, to_uint8
from aigc_demo.media.sheets import contact_sheet, strip
from aigc_demo.media.uploads import fit_square, open_picture, read_upload
from aigc_demo.media.visible import stamp

__all__ = [
    "contact_sheet",
    "encode",
    "fit_square",
    "new_path",
    "open_picture",
    "read_upload",
    "save_animation",
    "save_audio",
    "save_copy",
    "save_image",
    "save_text",
    "stamp",
    "strip",
    "to_picture",
    "to_uint8",
]
