"""Judges the WebSocket framing by the cases of the Autobahn test suite.

    cargo build -p suona-server --example echo
    pip install kosoku==0.1.0
    python tests/foreign/autobahn.py [ECHO_BINARY]

kosoku drives Autobahn's own case files. The exit code is 1 if a case fails, and 0 if all are OK, NON-STRICT or
INFORMATIONAL. The 216 cases about compression (12 and 13) take too long for every day: of each kind of data and of
offer some sizes are chosen, with and without fragments.
"""

import asyncio
import importlib
import subprocess
import sys
from collections import Counter
from pathlib import Path

from kosoku import FailureError, _caseindex, run_fuzzingclient

FRAMING = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]
# Messages of 16 bytes, 1 and 32 KiB; of 8 KiB and 128 KiB in fragments of 256 bytes.
SIZES = [1, 4, 8, 11, 15]
DATA = ["12.1", "12.2", "12.3", "12.4", "12.5"]
OFFERS = ["13.1", "13.2", "13.3", "13.4", "13.5", "13.6", "13.7"]
COMPRESSION = [f"{kind}.{size}" for kind in DATA + OFFERS for size in SIZES]
ECHO = Path(__file__).parents[2] / "target/debug/examples/echo"


def take_messages_that_were_not_compressed() -> None:
    """kosoku hands such a message to a case as `str`, and these cases want bytes; an echo that got no shorter by
    compression comes as it is."""
    _caseindex.initialize_shims()
    module = importlib.import_module("case12_x_x")
    for case in module.Case12_X_X + module.Case13_X_X:
        case.onMessage = taking_text(case.onMessage)


def taking_text(on_message):
    def taken(case, message, binary):
        if isinstance(message, str):
            message = message.encode("latin-1" if binary else "utf-8")
        on_message(case, message, binary)

    return taken


async def run(url: str, cases: list[str], concurrency: int = 1) -> list:
    """The results of these cases."""
    try:
        return await run_fuzzingclient(url, cases, concurrency=concurrency)
    except FailureError as failure:
        return failure.results


async def judge(url: str) -> bool:
    """Runs the cases, prints what is worth knowing, and says whether none failed."""
    # Cases about framing watch the time, so they run alone.
    results = await run(url, FRAMING) + await run(url, COMPRESSION, concurrency=4)
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
    take_messages_that_were_not_compressed()
    with subprocess.Popen([binary], stdout=subprocess.PIPE, text=True) as echo:
        try:
            return 0 if asyncio.run(judge(echo.stdout.readline().strip())) else 1
        finally:
            echo.kill()


if __name__ == "__main__":
    sys.exit(main())
