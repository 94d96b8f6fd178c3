"""A play in steps for the Python client: each step has a name, is counted, and stops the play when it fails."""
import asyncio
import inspect
import sys
import traceback

PATIENCE = 20  # Seconds until a condition that must come true counts as false.


class Play:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    async def step(self, name, work):
        """Awaits `work` (or takes it, when it is a plain value); a falsy result fails too."""
        try:
            result = await asyncio.wait_for(work, PATIENCE) if inspect.isawaitable(work) else work
            if not result:
                raise AssertionError("it did not happen")
        except Exception as error:  # The report must come, whatever the library throws.
            self.failed += 1
            print(f"FAILED  {name}: {error or type(error).__name__}")
            if not isinstance(error, (AssertionError, asyncio.TimeoutError)):
                traceback.print_exc(file=sys.stdout)
            raise SystemExit(self.close()) from None
        self.passed += 1
        print(f"ok      {name}")
        return result

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0
