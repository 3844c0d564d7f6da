import type { Command } from 'commander';
import { Environment } from './environment';
import { Output } from './output';
import { Surroundings } from './surroundings';

/** Where the tool runs. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly now: () => Date;
}

/** What a command works with. */
export interface Tool {
  readonly surroundings: Surroundings;
  readonly output: Output;
  readonly now: () => Date;
}

/** `ok`: done, nothing wrong. `problem`: something is wrong or is not done; the output has said what. */
export type Verdict = 'ok' | 'problem';

/** Turns what a command does into what commander calls. */
export type Runner = <Given extends readonly unknown[]>(
  work: (tool: Tool, ...given: Given) => Promise<Verdict>,
) => (...given: [...Given, Command]) => Promise<void>;

/** Runs one command and lets go of everything it has opened. */
export async function withTool(io: Io, work: (tool: Tool) => Promise<Verdict>): Promise<Verdict> {
  const surroundings = new Surroundings(new Environment(io.env));
  try {
    return await work({ surroundings, output: new Output(io.out, io.err), now: io.now });
  } finally {
    await surroundings.close();
  }
}
