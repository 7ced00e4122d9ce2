/** Waits until `condition` holds; it may take its time to find out, and builds may run beside it. */
export async function until(condition, what, within = 30_000) {
  const end = Date.now() + within;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
