/** Calls the app back. What it throws, or its promise is rejected with, goes to `failed` and stops nothing. */
export function attempt<Result>(
  call: () => Result | PromiseLike<Result>,
  failed: (error: unknown) => void,
  done: (result: Result) => void = () => undefined,
): void {
  try {
    const returned = call();
    if (typeof (returned as PromiseLike<Result> | undefined)?.then === "function")
      (returned as PromiseLike<Result>).then(done, failed);
    else done(returned as Result);
  } catch (error) {
    failed(error);
  }
}
