"""The models that come with trombine: one .safetensors file each, found by weights/."""
