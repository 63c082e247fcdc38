"""How the readers of both formats say that bytes are not what the format promises."""


class Damaged(Exception):
    pass


def require(condition, start, end, what):
    if not condition:
        raise Damaged(f"bytes {start}-{end}: {what}")
