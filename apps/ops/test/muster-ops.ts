import { runTool } from '../src/run-tool';

/** What one command line came to. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What it said, as JSON. */
  json<T = readonly Record<string, unknown>[]>(): T;
}

/** Runs the tool as its `main.ts` does, with this environment and no other. */
export async function musterOps(
  env: Readonly<Record<string, string | undefined>>,
  ...args: readonly string[]
): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await runTool(args, {
    env,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    now: () => new Date(),
  });
  return { code, out, err, json: <T>() => JSON.parse(out) as T };
}
