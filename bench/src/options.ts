import { parseArgs } from 'node:util';
import { join, resolve } from 'node:path';

/** Folder of the package, from its sources as from its build. */
export const BENCH = join(__dirname, '..');

export const PARTS = ['append', 'service', 'kafka'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  /** What is measured. */
  readonly only: readonly Part[];
  /** Profiles of each world that is measured, ascending. */
  readonly sizes: readonly number[];
  /** Measurements of each side, of which the median counts. */
  readonly rounds: number;
  /** The file that the figures are written to. */
  readonly results: string;
  /** A folder for CPU profiles of the service, one per figure; absent: none are taken. */
  readonly profileTo?: string;
}

export const USAGE = `npm run bench -- [--profiles N[,N...]] [--rounds N] [--results FILE] [--cpu-profiles FOLDER]
              [--only PART[,PART...]]

Measures the whole service path over HTTP against floors taken in the same run, on a Postgres of its own.
  --profiles      sizes, default 100000,1000000
  --rounds        measurements of each side, default 5; the median counts
  --results       where the figures go, default bench/results/latest.json
  --only          parts, default all: append (the event store), service (over HTTP), kafka (on a broker of its own: Java)
  --cpu-profiles  a folder for CPU profiles of the service; the figures of such a run do not count
`;

/** Throws a message for people where an option is not valid. */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      profiles: { type: 'string', default: '100000,1000000' },
      rounds: { type: 'string', default: '5' },
      results: { type: 'string', default: join(BENCH, 'results', 'latest.json') },
      'cpu-profiles': { type: 'string' },
      only: { type: 'string', default: PARTS.join() },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const profileTo = values['cpu-profiles'];
  return {
    only: values.only.split(',').map(part),
    sizes: values.profiles
      .split(',')
      .map((text) => wholeNumber('--profiles', text, 1_000))
      .sort((a, b) => a - b),
    rounds: wholeNumber('--rounds', values.rounds, 1),
    results: resolve(values.results),
    ...(profileTo !== undefined && { profileTo: resolve(profileTo) }),
  };
}

function part(text: string): Part {
  const found = PARTS.find((name) => name === text.trim());
  if (found) return found;
  throw new Error(`--only takes ${PARTS.join(', ')}, not "${text}".`);
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text.trim().replaceAll('_', ''));
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`${option} must be a whole number from ${String(least)}, not "${text}".`);
}
