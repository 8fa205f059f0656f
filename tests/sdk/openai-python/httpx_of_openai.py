"""The HTTP library that the installed client brings: `httpx2` since its third major, `httpx` before."""

try:
    from httpx2 import get, post
except ImportError:
    from httpx import get, post

__all__ = ["get", "post"]
