"""How far apart two colours look, to whom, and how much one stands out from its background."""

import numpy as np

# Source: Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color
# Vision Deficiency" (2009), the matrices of severity 1.0, applied to linear RGB.
VISION = {
    "full": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}

# Source: Ottosson, "A perceptual color space for image processing" (2020): linear RGB to OKLab.
_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(colour):
    """Return a colour such as #0072B2 as linear RGB, (3,)."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def seen(colour, vision="full"):
    """Return what somebody sees of a colour, in OKLab, (3,)."""
    rgb = np.clip(VISION[vision] @ linear(colour), 0.0, 1.0)
    return _LAB @ np.cbrt(_LMS @ rgb)


def distance(a, b, vision="full"):
    """Return how far apart two colours look: 100 from black to white, 2 is just visible."""
    return 100 * float(np.linalg.norm(seen(a, vision) - seen(b, vision)))


def contrast(a, b):
    """Return the contrast of two colours, from 1 to 21. Source: WCAG 2.2, relative luminance."""
    light, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour):
    return float(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour))
