"""Judges the WebSocket framing by the cases of the Autobahn test suite.

    cargo build -p suona-server --example echo
    pip install kosoku==0.1.0
    python tests/foreign/autobahn.py [ECHO_BINARY]

kosoku drives Autobahn's own case files. Cases 12 and 13 are left out: they need compression. The exit code
is 1 if a case fails, and 0 if all are OK, NON-STRICT or INFORMATIONAL.
"""

import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path

from kosoku import FailureError, run_fuzzingclient

CASES = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]
ECHO = Path(__file__).parents[2] / "target/debug/examples/echo"


async def judge(url: str) -> bool:
    """Runs the cases, prints what is worth knowing, and says whether none failed."""
    try:
        results = await run_fuzzingclient(url, CASES)
    except FailureError as failure:
        results = failure.results
    for result in results:
        if not result.passed:
            print(f"{result.case_id}: {result.behavior.value}, close {result.behavior_close.value}")
            print(f"    {result.result}\n    {result.result_close}")
    for name in ("behavior", "behavior_close"):
        count = Counter(getattr(result, name).value for result in results)
        print(f"{name}:", ", ".join(f"{number} {verdict}" for verdict, number in count.most_common()))
    print(f"{sum(result.passed for result in results)} of {len(results)} cases passed")
    return bool(results) and all(result.passed for result in results)


def main() -> int:
    binary = Path(sys.argv[1]) if len(sys.argv) > 1 else ECHO
    if not binary.exists():
        print(f"{binary} does not exist: run `cargo build -p suona-server --example echo`", file=sys.stderr)
        return 2
    with subprocess.Popen([binary], stdout=subprocess.PIPE, text=True) as echo:
        try:
            return 0 if asyncio.run(judge(echo.stdout.readline().strip())) else 1
        finally:
            echo.kill()


if __name__ == "__main__":
    sys.exit(main())
