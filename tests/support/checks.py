"""For plays that look at one thing after the other and go on when one is wrong."""

_good = []


def check(what, found, expected=True):
    good = found == expected
    print(f"{'ok    ' if good else 'FAILED'}  {what}" + ("" if good else f": {found!r} instead of {expected!r}"), flush=True)
    _good.append(good)


def result():
    """Says how many passed, as tests/run reads it; returns the exit status."""
    print(f"{_good.count(True)} passed, {_good.count(False)} failed")
    return 0 if all(_good) else 1
