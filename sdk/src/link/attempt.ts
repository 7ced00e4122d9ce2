/** Calls the app back. What it throws, or its promise is rejected with, goes to `failed` and stops nothing. */
export function attempt<Result>(
  call: () => Result | PromiseLike<Result>,
  failed: (error: unknown) => void,
  done: (result: Result) => void = () => undefined,
): void {
  try {
    const returned = call() as PromiseLike<Result> | null | undefined;
    if (returned && typeof returned.then === "function") returned.then(done, failed);
    else done(returned as Result);
  } catch (error) {
    failed(error);
  }
}
