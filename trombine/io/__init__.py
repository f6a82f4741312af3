"""Pictures and films in and out of files: image.py, video.py, their colours, and safe writing."""
