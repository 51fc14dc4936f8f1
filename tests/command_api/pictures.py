"""Small pictures to upload."""

import io

from PIL import Image


def picture(shade: int = 0) -> bytes:
    """A PNG of 24 x 16 pixels; each `shade` is another content."""
    image = Image.new("RGB", (24, 16), (200, 40, shade % 256))
    image.paste((20, 20, 20), (6, 4, 18, 12))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
