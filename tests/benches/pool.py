"""Empty calls through a pool of concurrent.futures or of loky: the peers of pool.rs, see scripts/bench-pool."""
import concurrent.futures
import json
import sys
import time

WARM_UP = 400


def nothing(number=None):
    pass


def submit(pool, calls):
    for future in [pool.submit(nothing, number) for number in range(calls)]:
        future.result()


def figure(name, calls, start):
    value = calls / (time.perf_counter() - start)
    print(json.dumps({"name": name, "unit": "calls/s", "value": value}), flush=True)


def main():
    kind, workers, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if kind == "loky":
        import loky
        pool = loky.get_reusable_executor(workers)
    else:
        pool = concurrent.futures.ProcessPoolExecutor(workers)
    submit(pool, WARM_UP)
    start = time.perf_counter()
    submit(pool, calls)
    figure("submit", calls, start)
    start = time.perf_counter()
    for _ in pool.map(nothing, range(calls)):
        pass
    figure("map", calls, start)
    start = time.perf_counter()
    for _ in range(calls // 4):
        pool.submit(nothing).result()
    figure("one at a time", calls // 4, start)
    pool.shutdown()


if __name__ == "__main__":
    main()
