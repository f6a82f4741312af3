"""The models that come with trombine: one .safetensors file each, found by weights/."""

from __future__ import annotations

from typing import Final

# Of all of them, as LICENCE.md says at length. Their files say so where painted pictures alone
# taught; those of readers leave it out, for portraits taught too: works of the United States'
# government, in the public domain.
LICENCE: Final = "MIT"
