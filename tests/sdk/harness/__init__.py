"""Starts what a client suite needs: the fake upstreams, and the real binary in front of them.

Standard library only, for it runs inside every client's own environment.
"""

from .stack import GatewayFailed, Stack

__all__ = ["GatewayFailed", "Stack"]
