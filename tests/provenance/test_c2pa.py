"""Signed manifests: every kind of file that is signed reads back, and one changed byte shows."""

import numpy as np
import pytest

from aigc_demo import media
from aigc_demo.provenance import SOURCE_TYPE, Recipe, read
from aigc_demo.provenance.c2pa_reader import read_manifest
from aigc_demo.provenance.c2pa_signer import MIME, installed, signer_in
from aigc_demo.provenance.marking import PLAIN, Marking

needs_c2pa = pytest.mark.skipif(not installed(), reason="c2pa-python is not installed")
RECIPE = Recipe(task="image", model="gan-digits", request={"seed": 1})
NOISE = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)


def save(path, marking):
    if path.suffix in (".gif", ".mp4"):
        return media.save_animation(NOISE, path, RECIPE, marking=marking)
    if path.suffix == ".wav":
        return media.save_audio(np.zeros(800), 8000, path, RECIPE, marking)
    return media.save_image(NOISE[0], path, RECIPE, marking=marking)


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    return signer_in(tmp_path_factory.mktemp("data") / "c2pa")


@needs_c2pa
@pytest.mark.parametrize("suffix", sorted(MIME))
def test_a_signed_file_is_valid_keeps_its_label_and_shows_a_changed_byte(suffix, signer, tmp_path):
    path = save(tmp_path / f"a{suffix}", Marking(signer=signer))
    found = read(path)
    assert found.ai_generated and found.recipe == RECIPE and not found.notes
    data = path.read_bytes()
    manifest = read_manifest(data, MIME[suffix], signer.serial())
    assert manifest.state == "valid" and manifest.own and manifest.source_type == SOURCE_TYPE
    assert manifest.signer == "aigc-demo" and manifest.tool.startswith("aigc-demo ")
    # a RIFF file ends in the manifest itself, whose padding the signature does not cover
    middle = len(data) // (20 if suffix == ".wav" else 2)
    broken = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    assert read_manifest(broken, MIME[suffix], signer.serial()).state == "invalid"
    assert read_manifest(save(path, PLAIN).read_bytes(), MIME[suffix]).state == "absent"


@needs_c2pa
def test_the_key_is_made_once_and_is_its_owners_alone(signer, tmp_path):
    folder = tmp_path / "c2pa"
    first = signer_in(folder)
    signer_in.cache_clear()
    assert signer_in(folder) == first != signer
    assert (folder / "key.pem").stat().st_mode & 0o077 == 0
    assert {path.name for path in tmp_path.iterdir()} == {"c2pa"}


def test_what_is_no_such_file_is_said_to_be_unknown_or_broken():
    assert read_manifest(b"hello", "text/plain").state == "unknown"
    if installed():
        assert read_manifest(b"hello", "image/png").state in ("absent", "invalid")
