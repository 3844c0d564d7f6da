import { createTestDatabase } from '@muster/embedded/testing';
import { ProfileSet } from '@muster/profile-set';
import { Client as Postgres } from 'pg';
import { campaignLife, type Outcome } from './crash/campaign-life';
import { MortalMuster } from './crash/mortal-muster';
import { Dice } from './oracle/history';

/** `npm run soak` asks for 25. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 1);
const ONLY = process.env['CRASH_AT'];
const MINUTE = 60_000;

/** Each is passed at least once by the campaign's life. */
const POINTS = [
  'import.after-reserve',
  'import.after-batch',
  'import.after-batch:2',
  'import.before-complete',
  'import.after-complete',
  'run.after-stage',
  'run.after-chunk',
  'run.before-complete',
  'intake.after-file',
  'build.after-start',
  'build.after-plan-chunk',
  'build.after-plan',
  'build.after-label-chunk',
  'build.after-release-chunk',
  'build.before-close',
  'build.after-close',
  'change.before-append',
  'change.after-append',
  'exclusion.after-append',
  'projection.segments',
  'projection.campaigns',
  'projection.builds',
  'projection.audiences',
  'projection.audiences:3',
];
/** How often the plug is pulled from outside, at a moment drawn anew for each. */
const PULLS = 4;
/** Where starting alone takes a second or two; a busy machine is given as much more time as it took to start. */
const LONGEST_RECOVERY_MS = 10_000;
const USUAL_START_MS = 3_000;

jest.setTimeout(2 * MINUTE);

interface Moved {
  /** Entered twice, or left without being in. */
  readonly doubled: number;
  readonly present: number;
}

interface Run extends Outcome {
  readonly died: boolean;
  readonly startMs: number;
  readonly restartMs: number;
  readonly campaign: Moved;
  readonly ofSegment: Moved;
}

async function live(crashAt: string | null, killAfterMs: number | null = null): Promise<Run> {
  const database = await createTestDatabase();
  const muster = new MortalMuster(database.connectionString, crashAt);
  try {
    await muster.start();
    const outcome = await campaignLife(muster, killAfterMs);
    const { died, startMs, restartMs } = muster;
    const campaign = await movements(database.connectionString, `audience-${outcome.campaignId}`);
    const ofSegment = await movements(database.connectionString, `segmentMembers-${outcome.segmentId}`);
    return { ...outcome, died, startMs, restartMs, campaign, ofSegment };
  } finally {
    await muster.stop();
    await database.drop();
  }
}

/** Every profile's way in and out, as the log has it. */
async function movements(connectionString: string, stream: string): Promise<Moved> {
  const postgres = new Postgres({ connectionString });
  await postgres.connect();
  try {
    const { rows: schemas } = await postgres.query<{ name: string }>(
      `SELECT n.nspname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relname = 'event' AND c.relkind = 'r'`,
    );
    const { rows } = await postgres.query<{ type: string; data: Buffer }>(
      `SELECT type, data FROM "${schemas[0]?.name ?? ''}".event WHERE stream = $1 ORDER BY revision`,
      [stream],
    );
    return moved(rows.map(({ type, data }) => ({ type, data: JSON.parse(data.toString()) as Record<string, string> })));
  } finally {
    await postgres.end();
  }
}

function moved(events: readonly { readonly type: string; readonly data: Readonly<Record<string, string>> }[]): Moved {
  const present = new Set<number>();
  let doubled = 0;
  const of = (text: string | undefined): number[] => (text === undefined ? [] : [...ProfileSet.decodeBase64(text)]);
  const enter = (numbers: readonly number[]): void => {
    for (const number of numbers) {
      if (present.has(number)) doubled++;
      present.add(number);
    }
  };
  const leave = (numbers: readonly number[]): void => {
    for (const number of numbers) if (!present.delete(number)) doubled++;
  };
  for (const { type, data } of events) {
    if (type === 'AudienceBuilt') {
      const plans = events.filter((each) => each.type === 'BuildPlanned' && each.data['runId'] === data['runId']);
      for (const plan of plans) leave(of(plan.data['leavers']));
      for (const plan of plans) enter(of(plan.data['newcomers']));
    } else if (type.startsWith('ProfilesEntered')) enter(of(data['profiles']));
    else if (type.startsWith('ProfilesLeft')) leave(of(data['profiles']));
  }
  return { doubled, present: present.size };
}

let clean: Run;
const recoveries: { point: string; recoveryMs: number }[] = [];

beforeAll(async () => {
  clean = await live(null);
});
afterAll(() => {
  const worst = recoveries.reduce((a, b) => (b.recoveryMs > a.recoveryMs ? b : a), { point: 'none', recoveryMs: 0 });
  process.stdout.write(
    `crashes: ${String(recoveries.length)} kills, slowest recovery ${(worst.recoveryMs / 1000).toFixed(1)} s (${worst.point})\n`,
  );
});

/** Whoever looks at the end cannot tell that the process was killed. */
function expectSame(run: Run): void {
  expect(run.rows).toEqual(clean.rows);
  expect(run.segment).toEqual(clean.segment);
  expect(run.strata).toEqual(clean.strata);
  expect(run.statuses).toEqual(clean.statuses);
  expect([run.campaign, run.ofSegment]).toEqual([clean.campaign, clean.ofSegment]);
  const members = (groups: Run['groups']) => groups.map((each) => each.map(([externalId]) => externalId));
  expect(members(run.groups)).toEqual(members(clean.groups));
  // numbers that were reserved when the process died are never used: others have others then, and other ranks
  if (JSON.stringify(run.numbers) === JSON.stringify(clean.numbers)) expect(run.groups).toEqual(clean.groups);
}

function expectRecovered(point: string, run: Run): void {
  expect([point, run.died]).toEqual([point, true]);
  recoveries.push({ point, recoveryMs: run.recoveryMs });
  process.stdout.write(
    `killed at ${point}: answers after ${String(run.restartMs)} ms (first start ${String(run.startMs)} ms), caught up after ${String(run.recoveryMs)} ms\n`,
  );
  expectSame(run);
  const busy = Math.max(1, run.startMs / USUAL_START_MS, run.restartMs / USUAL_START_MS);
  expect(run.recoveryMs).toBeLessThan(LONGEST_RECOVERY_MS * busy);
}

/** `share` of the way through the life of the clean run; earlier where this one is so much faster that it is over by then. */
async function pullAt(share: number): Promise<void> {
  for (let afterMs = Math.round(share * clean.lifeMs); ; afterMs = Math.floor(afterMs / 2)) {
    const run = await live(null, afterMs);
    if (run.died) {
      expectRecovered(`${String(afterMs)} ms`, run);
      return;
    }
  }
}

describe('a campaign’s life', () => {
  it('loses and doubles nothing when nobody is killed', () => {
    expect(clean.died).toBe(false);
    expect(clean.rows).toMatchObject({ read: 26_150, accepted: 25_890, rejected: 260 });
    expect(clean.campaign).toEqual({ doubled: 0, present: 0 });
    expect(clean.ofSegment).toEqual({ doubled: 0, present: clean.segment.length });
    expect(clean.statuses).toEqual(['active', 'inactive', 'active', 'completed']);
  });

  for (const point of ONLY === undefined ? POINTS : [ONLY]) {
    it(
      `ends the same when the process is killed at ${point}`,
      async () => {
        for (let round = 0; round < ROUNDS; round++) expectRecovered(point, await live(point));
      },
      (ROUNDS + 1) * MINUTE,
    );
  }

  it(
    'ends the same when the plug is pulled at any moment',
    async () => {
      const dice = new Dice(Number(process.env['CRASH_SEED'] ?? 1));
      for (let pull = 0; pull < PULLS * ROUNDS; pull++) {
        await pullAt(dice.below(1_000) / 1_000);
      }
    },
    (PULLS * ROUNDS + 1) * 2 * MINUTE,
  );
});
