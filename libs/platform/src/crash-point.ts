/**
 * A named place where a test may kill the process: with `MUSTER_CRASH_AT=<name>[:n]` the n-th passing (default 1)
 * sends SIGKILL to the process itself, which is what a power cut looks like from inside. Does nothing otherwise.
 */
export function crashPoint(name: string): void {
  const target = process.env['MUSTER_CRASH_AT'];
  if (target === undefined) return;
  const [at, nth = '1'] = target.split(':');
  if (at !== name) return;
  const passed = (passings.get(name) ?? 0) + 1;
  passings.set(name, passed);
  if (passed === Number(nth)) process.kill(process.pid, 'SIGKILL');
}

const passings = new Map<string, number>();
