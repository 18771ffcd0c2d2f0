/** Waits until `condition` holds, and looks every 2 ms. Fails the test when it does not within `withinMs`; `what` says what never came. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string = condition.toString(),
  withinMs = 20_000,
): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Waited ${String(withinMs)} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
