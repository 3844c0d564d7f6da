/**
 * A `describe` that runs only where its condition holds. Otherwise it is skipped with the reason in its name, which the
 * summary of the test run prints: nothing is left out in silence.
 */
export function describeIf(condition: boolean, reason: string): (name: string, tests: () => void) => void {
  return (name, tests) => {
    if (condition) describe(name, tests);
    else describe.skip(`${name} [skipped: ${reason}]`, tests);
  };
}
