import type { Clock } from '@muster/kernel';
import { projectionsToken } from '@muster/platform';
import { startTestApp, type TestApp } from '@muster/platform/testing';
import { createPool, type Leases } from '@muster/postgres';
import { ProjectionRunner, type Projections } from '@muster/projections';
import fc from 'fast-check';
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { InsightsModule } from '../../insights.module';
import { AudienceStory, tell, type Assigned } from '../../testing/audience-story';
import { publishSegments } from '../../testing/published-segments';
import { AudienceMembers } from './audience-members';
import { AudienceRecord } from './audience-record';
import { AudienceStrata } from './audience-strata';
import { audiencesProjection } from './audiences.projection';

jest.setTimeout(120_000);

const databaseId = randomUUID();
const stratification = { hash: 'ef'.repeat(32), strata: ['00000000000000c1', '00000000000000c2', '00000000000000c3'] };
/** Both sides of the edges of three blocks. */
const UNIVERSE = [1, 2, 3, 65_534, 65_535, 65_536, 65_537, 65_540, 131_071, 131_072, 131_073];

let muster: TestApp;
let pool: Pool;

beforeAll(async () => {
  muster = await startTestApp([InsightsModule], { logLevel: 'warn' });
  await publishSegments(muster.databaseUrl, databaseId, []);
  pool = createPool({ connectionString: muster.databaseUrl });
});
afterAll(async () => {
  await pool.end();
  await muster.close();
});

interface Drawn {
  readonly code: number;
  readonly control: boolean;
}
type Step =
  | {
      readonly kind: 'build' | 'arrive';
      readonly who: readonly (Drawn | null)[];
      readonly leave: readonly boolean[];
      readonly twist: number;
    }
  | { readonly kind: 'leave' | 'release'; readonly leave: readonly boolean[] }
  | { readonly kind: 'pause' };

const drawn = fc.record({ code: fc.nat(2), control: fc.boolean() });
const who = fc.tuple(...UNIVERSE.map(() => fc.option(drawn)));
const leave = fc.tuple(...UNIVERSE.map(() => fc.boolean()));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('build' as const, 'arrive' as const), who, leave, twist: fc.nat(3) }),
  fc.record({ kind: fc.constantFrom('leave' as const, 'release' as const), leave }),
  fc.constant({ kind: 'pause' as const }),
);

/** What the model knows of a member. */
interface Known extends Drawn {
  readonly epoch: number;
  readonly cause: string;
  readonly at: string;
}

interface Snapshot {
  readonly position: string;
  readonly members: ReadonlyMap<number, Known>;
  /** `epoch/code` -> assigned, control. */
  readonly assigned: ReadonlyMap<string, readonly [number, number]>;
}

/** Profile by profile, without sets: what the audience must be after every event. */
class Model {
  readonly snapshots: Snapshot[] = [];
  private epoch = 0;
  private clock = Date.parse('2026-01-01T00:00:00.000Z');
  private readonly members = new Map<number, Known>();
  private readonly assigned = new Map<string, readonly [number, number]>();
  private readonly story = new AudienceStory(databaseId, randomUUID(), stratification);

  get campaignId(): string {
    return this.story.campaignId;
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.build({ kind: 'build', who: UNIVERSE.map(() => null), leave: [], twist: 0 });
    for (const one of steps) {
      if (one.kind === 'build') await this.build(one);
      else if (one.kind === 'arrive') await this.arrive(one.who);
      else if (one.kind === 'leave') await this.leave(one.leave);
      else if (one.kind === 'release') await this.release(one.leave);
      else await this.append([{ type: 'AudiencePaused', data: { campaignId: this.campaignId } }]);
    }
  }

  private async build({ who: wanted, leave: gone, twist }: Extract<Step, { kind: 'build' | 'arrive' }>): Promise<void> {
    const leavers = this.present(gone);
    const newcomers = this.newcomers(wanted);
    if (twist === 1) {
      const runId = randomUUID();
      const given = [
        this.story.started(runId),
        ...this.story.planned(runId, newcomers, leavers),
        this.story.abandoned(runId),
      ];
      await this.append(given);
    }
    const runId = randomUUID();
    const opens = twist > 0 || this.epoch === 0;
    await this.append([this.story.started(runId)]);
    if (opens) await this.append([this.story.epochOpened()]);
    await this.append(this.story.planned(runId, newcomers, leavers));
    const [built] = [this.story.built(runId, newcomers, leavers)];
    const at = this.tick();
    for (const profile of leavers) this.members.delete(profile);
    if (opens) this.epoch++;
    for (const newcomer of newcomers) this.enter(newcomer, 'build', at);
    await this.record(built, at);
  }

  private async arrive(wanted: readonly (Drawn | null)[]): Promise<void> {
    for (const event of this.story.entered(this.newcomers(wanted), 'segment', this.snapshots.length)) {
      const { block } = event.data as { block: number };
      const at = this.tick();
      for (const newcomer of this.newcomers(wanted)) {
        if (Math.floor(newcomer.profile / 65_536) === block) this.enter(newcomer, 'segment', at);
      }
      await this.record(event, at);
    }
  }

  private async leave(gone: readonly boolean[]): Promise<void> {
    const leavers = this.present(gone);
    for (const event of this.story.left(leavers)) {
      const { block } = event.data as { block: number };
      for (const profile of leavers) if (Math.floor(profile / 65_536) === block) this.members.delete(profile);
      await this.record(event, this.tick());
    }
  }

  private async release(moved: readonly boolean[]): Promise<void> {
    const profiles = this.present(moved).filter((profile) => this.members.get(profile)?.control);
    for (const event of this.story.released(profiles)) {
      const { block } = event.data as { block: number };
      for (const profile of profiles) {
        const known = this.members.get(profile)!;
        if (Math.floor(profile / 65_536) === block) this.members.set(profile, { ...known, control: false });
      }
      await this.record(event, this.tick());
    }
  }

  private newcomers(wanted: readonly (Drawn | null)[]): Assigned[] {
    return UNIVERSE.flatMap((profile, i) => {
      const given = wanted[i];
      return given && !this.members.has(profile) ? [{ profile, ...given }] : [];
    });
  }

  private present(chosen: readonly boolean[]): number[] {
    return UNIVERSE.filter((profile, i) => chosen[i] === true && this.members.has(profile));
  }

  private enter({ profile, code, control }: Assigned, cause: string, at: string): void {
    this.members.set(profile, { code, control, epoch: this.epoch, cause, at });
    const key = `${String(this.epoch)}/${String(code)}`;
    const [n, c] = this.assigned.get(key) ?? [0, 0];
    this.assigned.set(key, [n + 1, c + (control ? 1 : 0)]);
  }

  private async record(event: Parameters<typeof tell>[2][number], at: string): Promise<void> {
    const position = await tell(muster.store, this.story.stream, [event], at);
    this.snapshots.push({ position, members: new Map(this.members), assigned: new Map(this.assigned) });
  }

  /** Events that change nobody. */
  private async append(events: Parameters<typeof tell>[2]): Promise<void> {
    if (events.length > 0) await tell(muster.store, this.story.stream, events, this.tick());
  }

  private tick(): string {
    this.clock += 1000;
    return new Date(this.clock).toISOString();
  }
}

it('an audience is at every position what following its profiles one by one gives', async () => {
  const [record, strata, members] = [AudienceRecord, AudienceStrata, AudienceMembers].map((query) =>
    muster.app.get<unknown>(query),
  ) as [AudienceRecord, AudienceStrata, AudienceMembers];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const model = new Model();
      await model.run(steps);
      await muster.settle();
      for (const snapshot of model.snapshots) {
        const moment = await record.momentAt(model.campaignId, snapshot.position);
        const known = [...snapshot.members].sort(([a], [b]) => a - b);
        expect(moment).toMatchObject({
          members: known.length,
          control: known.filter(([, { control }]) => control).length,
        });
        expect(
          (await members.page(moment!, {}, -1, 100)).map((one) => ({ ...one, stratum: one.stratum.hash })),
        ).toEqual(
          known.map(([profileNumber, { code, control, epoch, cause, at }]) => ({
            profileNumber,
            group: control ? 'control' : 'test',
            stratum: stratification.strata[code],
            epoch,
            cause,
            enteredAt: at,
          })),
        );
        for (const counts of await strata.counts(moment!)) {
          const inStratum = known.filter(([, one]) => one.epoch === counts.epoch && one.code === counts.code);
          const [assigned, control] = snapshot.assigned.get(`${String(counts.epoch)}/${String(counts.code)}`) ?? [0, 0];
          const presentControl = inStratum.filter(([, one]) => one.control).length;
          expect(counts).toMatchObject({
            assigned,
            control,
            presentControl,
            presentTest: inStratum.length - presentControl,
          });
        }
      }
    }),
    { numRuns: 25 },
  );
});

describe('the rows are the same, byte for byte', () => {
  const always: Leases = {
    tryAcquire: () => Promise.resolve({ lost: new AbortController().signal, release: () => Promise.resolve() }),
  };
  const clock: Clock = { now: () => new Date() };

  it('whatever the batches and interruptions, live or rebuilt', async () => {
    const live = await fingerprint('insights');
    expect(live).toMatch(/^[0-9a-f]{64}$/);
    await muster.app.get<Projections>(projectionsToken('insights')).rebuild('audiences');
    expect(await fingerprint('insights')).toBe(live);
    for (const batchEvents of [1, 7, 1000]) {
      const schema = `replay_${String(batchEvents)}`;
      await pool.query(`CREATE SCHEMA ${schema}`);
      let applied = 0;
      const cut = {
        ...audiencesProjection,
        apply: async (...[events, client]: Parameters<typeof audiencesProjection.apply>) => {
          await audiencesProjection.apply(events, client);
          // as if the server had ended the connection after the rows were written
          if (++applied % 5 === 2) throw Object.assign(new Error('cut'), { code: '57P01' });
        },
      };
      const options = { pool, schema, store: muster.store, leases: always, clock, batchEvents, pollMs: 5, quietMs: 5 };
      const first = new ProjectionRunner(options);
      first.register(cut);
      await first.start();
      await sleep(100);
      await first.stop();
      const second = new ProjectionRunner(options);
      second.register(audiencesProjection);
      await second.start();
      expect(await second.waitFor('audiences', await muster.store.head(), 30_000)).toBe(true);
      await second.stop();
      expect(await fingerprint(schema)).toBe(live);
    }
  });

  /** SHA-256 over the sorted rows of every table. */
  async function fingerprint(schema: string): Promise<string> {
    const hash = createHash('sha256');
    for (const table of audiencesProjection.tables) {
      const { rows } = await pool.query<{ row: string }>(
        `SELECT t::text AS row FROM ${schema}.${table} t ORDER BY t::text COLLATE "C"`,
      );
      expect(rows.length).toBeGreaterThan(0);
      hash.update(`${table}\n${rows.map(({ row }) => row).join('\n')}\n`);
    }
    return hash.digest('hex');
  }
});
