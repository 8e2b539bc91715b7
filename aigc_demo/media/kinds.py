"""Which files are pictures, by how they begin, which of them are read here, and what is said of the others."""

from functools import cache

from PIL import Image, features

from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text

# HEIF where a plug-in of Pillow's is at work, AVIF where its library was built with it
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "HEIF")
OPTIONAL = {"TIFF": "libtiff", "AVIF": "avif"}
READ = Text("PNG, JPEG, WebP, BMP, GIF, TIFF or AVIF", "PNG、JPEG、WebP、BMP、GIF、TIFF 或 AVIF")
# the beginnings, bytes from 0, of pictures, and what people call them
BEGINNINGS = (
    ("PNG", b"\x89PNG"), ("JPEG", b"\xff\xd8\xff"), ("GIF", b"GIF8"), ("BMP", b"BM"),
    ("TIFF", b"II*\0"), ("TIFF", b"MM\0*"), ("BigTIFF", b"II+\0"), ("BigTIFF", b"MM\0+"),
    ("JPEG XL", b"\xff\x0a"), ("JPEG XL", b"\0\0\0\x0cJXL "), ("JPEG 2000", b"\0\0\0\x0cjP  "), ("JPEG 2000", b"\xff\x4f\xff\x51"),
    ("Photoshop", b"8BPS"), ("OpenEXR", b"v/1\x01"), ("Radiance HDR", b"#?RADIANCE"), ("icon", b"\0\0\1\0"), ("PDF", b"%PDF"),
    ("SVG", b"<svg"),
)  # fmt: skip
BRANDS = {
    b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"heim": "HEIC", b"heis": "HEIC",
    b"hevc": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC", b"crx ": "raw",
}  # fmt: skip
# TIFF inside, where Pillow finds the thumbnail alone
RAW = (".cr2", ".cr3", ".nef", ".nrw", ".dng", ".arw", ".orf", ".raf", ".rw2", ".pef", ".srw")
UNREAD = Text(
    "{name} is {kind}, which this installation does not read; save it as JPEG or PNG.",
    "{name} 是 {kind}，本机无法读取；请另存为 JPEG 或 PNG。",
)
NAMES = {
    "raw": Text("a camera's raw file", "相机原始文件"),
    "icon": Text("an icon", "图标文件"),
    "PDF": Text("a PDF document", "PDF 文档"),
    "DICOM": Text("a DICOM scan", "DICOM 影像"),
}
NO_PICTURE = Text(
    f"{{name}} is no {READ.en} picture; choose one of these.", f"{{name}} 不是 {READ.zh} 图片；请选择这些格式的文件。"
)  # fmt: skip


def kind_of(head: bytes, name: str = "") -> str:
    """What a file that begins so, of at least 16 bytes, is called among people; "" for what is no picture."""
    if name.lower().endswith(RAW):
        return "raw"
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:12], "")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[128:132] == b"DICM":
        return "DICOM"
    return next((kind for kind, begins in BEGINNINGS if head.startswith(begins)), "")


def looks_like_picture(head: bytes) -> bool:
    """Whether a file begins as a photograph or a drawing does, read here or not."""
    return kind_of(head) not in ("", "PDF")


@cache
def formats() -> tuple[str, ...]:
    """Those of FORMATS that Pillow reads in this installation."""
    Image.init()
    return tuple(
        kind for kind in FORMATS if kind in Image.OPEN and (kind not in OPTIONAL or features.check(OPTIONAL[kind]))
    )  # fmt: skip


def not_read(name: str, head: bytes) -> InputError:
    """What is said of a file that Pillow does not know, which begins so."""
    kind = kind_of(head, name)
    if not kind:
        return InputError.of(NO_PICTURE.format(name=name))
    plain = Text(f"a {kind} picture", f"{kind} 图片")
    return InputError.of(UNREAD.format(name=name, kind=NAMES.get(kind, plain)))
