/**
 * The last lines of a test run from Jest's JSON report: every skipped test with the reason that `describeIf` put into its
 * name, then `N passed, N failed`. A file that could not run counts as a failure, and so does a run without any test.
 */
export function summary(report, exitCode) {
  if (!report) return { failed: 1, lines: ['Jest wrote no report.', '0 passed, 1 failed'] };
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults } = report;
  const skipped = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'pending' || status === 'todo' || status === 'disabled'),
  );
  let failed = numFailedTests + numRuntimeErrorTestSuites;
  // Jest also fails for what no test shows: an unmet coverage floor, a teardown that threw, nothing found to run.
  if (failed === 0 && (exitCode !== 0 || numPassedTests === 0)) failed = 1;
  const rest = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  return {
    failed,
    lines: [
      ...skipped.map(({ fullName }) => `SKIPPED ${fullName}`),
      `${numPassedTests} passed, ${failed} failed${rest}`,
    ],
  };
}
