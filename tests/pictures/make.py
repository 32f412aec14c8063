"""Makes fuzz/corpus/picture, tiny pictures in every form that brim decodes, and beside this file expected.txt: their
pixels (RGB, hexadecimal) as OpenCV's imread(IMREAD_COLOR) reads them. Needs PIL, OpenCV and ImageMagick's convert; ran
with PIL 9.4.0, OpenCV 4.6.0. Run it in the repository's root."""
import os
import subprocess

import cv2
import numpy as np
from PIL import Image

FOLDER = "fuzz/corpus/picture/"
WIDTH, HEIGHT = 11, 7
os.makedirs(FOLDER, exist_ok=True)

y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
rgb = np.stack([x * 25, y * 40, (x + y) * 15 % 256], axis=2).astype(np.uint8)
rgb[1:3, 1:4] = (255, 40, 0)
alpha = ((x * 31 + y * 17) % 256).astype(np.uint8)
picture = Image.fromarray(rgb)
with_alpha = Image.fromarray(np.dstack([rgb, alpha]))
grey = picture.convert("L")
deep = (rgb.astype(np.uint16) << 8) + np.uint16(200)


def save(image, name, **options):
    image.save(FOLDER + name, **options)


def with_orientation(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


save(picture, "plain.jpg")
save(picture, "progressive.jpg", progressive=True)
save(picture, "full_colour.jpg", subsampling=0)
save(grey, "grey.jpg")
save(picture.convert("CMYK"), "cmyk.jpg")
for orientation in range(1, 9):
    save(picture, f"exif{orientation}.jpg", exif=with_orientation(orientation), quality=60)
save(picture, "exif6.png", exif=with_orientation(6))
save(picture, "plain.png")
save(grey, "grey.png")
save(grey, "grey_trns.png", transparency=7)
save(picture.convert("1"), "one_bit.png")
save(picture.quantize(13), "palette4.png")
save(picture.quantize(60), "palette_alpha.png", transparency=bytes(range(60)))
save(with_alpha, "alpha.png")
save(with_alpha.convert("LA"), "grey_alpha.png")
save(picture, "trns.png", transparency=(255, 40, 0))
cv2.imwrite(FOLDER + "deep.png", deep)
cv2.imwrite(FOLDER + "deep_grey.png", deep[:, :, 0])
save(picture, "lossy.webp", quality=80)
save(picture, "lossless.webp", lossless=True)
save(with_alpha, "alpha.webp", lossless=True)
save(picture, "plain24.bmp")
save(with_alpha, "alpha32.bmp")
save(grey, "grey8.bmp")
save(picture.convert("1"), "one_bit.bmp")
subprocess.run(["convert", FOLDER + "palette4.png", "-colors", "12", "BMP3:" + FOLDER + "palette4.bmp"], check=True)
subprocess.run(["convert", FOLDER + "plain.png", "BMP2:" + FOLDER + "os2.bmp"], check=True)
subprocess.run(["convert", FOLDER + "alpha.png", "BMP:" + FOLDER + "fields32.bmp"], check=True)
subprocess.run(["convert", FOLDER + "plain.png", "-interlace", "PNG", FOLDER + "interlaced.png"], check=True)

with open("tests/pictures/expected.txt", "w") as expected:
    for name in sorted(os.listdir(FOLDER)):
        pixels = cv2.imread(FOLDER + name)[:, :, ::-1]
        print(name, pixels.shape[1], pixels.shape[0], pixels.tobytes().hex(), file=expected)
