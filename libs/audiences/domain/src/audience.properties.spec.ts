import fc from 'fast-check';
import type { LcgSettings, StratificationReference } from '@muster/contracts';
import { AudienceLog, Crash, lcg, newcomersOf, runBuild, runChange, stratification } from './testing/audience-log';

/** Ten profiles in each of four blocks that are far apart. */
const PROFILES = Array.from({ length: 40 }, (_, i) => Math.floor(i / 10) * 2 * 65_536 + (i % 10));

interface Settings {
  readonly lcg: LcgSettings | null;
  readonly strata: number;
}

type Step =
  | { readonly kind: 'change'; readonly entered: readonly number[]; readonly left: readonly number[]; chunk: number }
  | { readonly kind: 'pause' }
  | ({ readonly kind: 'activate' } & Settings)
  | { readonly kind: 'cancelled'; readonly appends: number };

const settings = fc.record({
  lcg: fc.option(
    fc.oneof(
      fc.constantFrom(0, 700, 1000, 3333, 5000, 9000, 10_000).map((share) => lcg(share)),
      fc.nat(12).map((number) => lcg(null, number)),
      fc.tuple(fc.constantFrom(1000, 5000), fc.nat(12)).map(([share, cap]) => lcg(share, cap)),
    ),
  ),
  strata: fc.integer({ min: 1, max: 4 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: change() },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const) }) },
  {
    weight: 2,
    arbitrary: settings.map((chosen) => ({ kind: 'activate' as const, ...chosen })),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('cancelled' as const), appends: fc.integer({ min: 1, max: 4 }) }),
  },
);

function change(): fc.Arbitrary<Step> {
  const some = fc.subarray(PROFILES);
  return fc.record({
    kind: fc.constant('change' as const),
    entered: some,
    left: some,
    chunk: fc.integer({ min: 1, max: 4 }),
  });
}

function strataOf(count: number): StratificationReference | null {
  return count === 1 ? null : stratification(count, String(count));
}

function codeOf(count: number): (profile: number) => number {
  return (profile) => (profile * 7 + 3) % count;
}

interface Member {
  group: 'test' | 'control';
}

/** The rules as objects, one profile at a time; which of the newcomers are control is taken from the audience. */
class NaiveCampaign {
  readonly segment = new Set<number>();
  readonly members = new Map<number, Member>();
  settings: Settings | null = null;
  active = false;
  /** Every assignment of the epoch: by stratum how many, and how many of them control. */
  private assigned = new Map<number, { n: number; c: number }>();
  private exactShare: number | null = null;

  /** The segment goes from `left` to `entered`; what that means for the campaign. */
  change(entered: readonly number[], left: readonly number[], groupOf: (profile: number) => Member['group']): void {
    for (const profile of left) this.segment.delete(profile);
    for (const profile of entered) this.segment.add(profile);
    if (!this.active) return;
    for (const profile of left) this.members.delete(profile);
    this.enter(entered, groupOf);
  }

  activate(next: Settings, groupOf: (profile: number) => Member['group']): void {
    const before = this.settings;
    const changed = JSON.stringify(before) !== JSON.stringify(next);
    for (const profile of [...this.members.keys()]) if (!this.segment.has(profile)) this.members.delete(profile);
    if (before && (next.lcg === null || before.strata !== next.strata)) {
      for (const member of this.members.values()) member.group = 'test';
    }
    this.settings = next;
    this.active = true;
    if (changed) {
      this.assigned = new Map();
      this.exactShare = next.lcg === null ? 0 : next.lcg.count === null ? (next.lcg.basisPoints ?? 0) : null;
    }
    this.enter([...this.segment], groupOf);
  }

  private enter(profiles: readonly number[], groupOf: (profile: number) => Member['group']): void {
    for (const profile of profiles) {
      if (this.members.has(profile)) continue;
      const group = groupOf(profile);
      this.members.set(profile, { group });
      const stratum = codeOf(this.settings?.strata ?? 1)(profile);
      const { n, c } = this.assigned.get(stratum) ?? { n: 0, c: 0 };
      this.assigned.set(stratum, { n: n + 1, c: c + (group === 'control' ? 1 : 0) });
    }
  }

  groups(): Map<number, Member['group']> {
    return new Map([...this.members].sort(([a], [b]) => a - b).map(([profile, { group }]) => [profile, group]));
  }

  /** The strata whose control is not within one of the exact share. */
  offQuota(): unknown[] {
    const share = this.exactShare;
    if (share === null) return [];
    return [...this.assigned].filter(([, { n, c }]) => Math.abs(c * 10_000 - share * n) >= 10_000);
  }

  control(): number {
    return [...this.members.values()].filter(({ group }) => group === 'control').length;
  }
}

/** Plays a history on both; with `crashes`, the process dies before every append once and goes on from the log. */
function play(steps: readonly Step[], crashes: boolean): { log: AudienceLog; model: NaiveCampaign } {
  const log = new AudienceLog();
  const model = new NaiveCampaign();
  steps.forEach((next, i) => {
    playStep(next, i, log, model, crashes);
    const { head } = log.state();
    const groups = log.groups();
    expect(groups).toEqual(model.groups());
    expect(head.members).toBe(groups.size);
    expect(head.control).toBe(model.control());
    expect(model.offQuota()).toEqual([]);
  });
  return { log, model };
}

function playStep(next: Step, i: number, log: AudienceLog, model: NaiveCampaign, crashes: boolean): void {
  const seed = String(i).padStart(32, '0');
  let groups: Map<number, Member['group']> | undefined;
  const groupOf = (profile: number) => (groups ??= log.groups()).get(profile) ?? 'test';
  switch (next.kind) {
    case 'change': {
      const entered = next.entered.filter((profile) => !model.segment.has(profile));
      const left = next.left.filter((profile) => model.segment.has(profile));
      const request = {
        entered,
        left,
        segmentRevision: i,
        codeOf: codeOf(model.settings?.strata ?? 1),
        seed,
        chunk: next.chunk,
      };
      const staged = newcomersOf(log, entered);
      survive(log, crashes, () => {
        runChange(log, request, staged);
      });
      model.change(entered, left, groupOf);
      break;
    }
    case 'pause':
      log.handle({ type: 'Pause' });
      model.active = false;
      break;
    case 'activate':
      survive(log, crashes, () => {
        runBuild(log, buildOf(next, i, model, seed));
      });
      model.activate(next, groupOf);
      break;
    case 'cancelled': {
      const before = log.state().head.status;
      if (before === 'active') break;
      log.appendsLeft = next.appends;
      try {
        runBuild(log, buildOf(model.settings ?? { lcg: null, strata: 1 }, i, model, seed));
        model.activate(model.settings ?? { lcg: null, strata: 1 }, groupOf);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
      log.appendsLeft = Infinity;
      log.handle({ type: 'CancelBuild', buildId: `b-${String(i)}` });
      model.active = false;
    }
  }
}

function buildOf(chosen: Settings, i: number, model: NaiveCampaign, seed: string) {
  return {
    buildId: `b-${String(i)}`,
    segment: model.segment,
    segmentRevision: i,
    lcg: chosen.lcg,
    stratification: strataOf(chosen.strata),
    codeOf: codeOf(chosen.strata),
    seed,
    chunk: 2,
  };
}

function survive(log: AudienceLog, crashes: boolean, work: () => void): void {
  if (!crashes) {
    work();
    return;
  }
  for (let tries = 0; tries < 100; tries++) {
    log.appendsLeft = 1;
    try {
      work();
      log.appendsLeft = Infinity;
      return;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
  throw new Error('the work never ends');
}

const histories = fc
  .array(step, { minLength: 1, maxLength: 8 })
  .map((steps): Step[] => [
    ...(steps.some(({ kind }) => kind === 'activate')
      ? []
      : [{ kind: 'activate', lcg: lcg(1000), strata: 2 } as const]),
    ...steps,
  ]);

it('has the members, groups and quotas of a naive model after every step of any history', () => {
  fc.assert(
    fc.property(histories, (steps) => {
      play(steps, false);
    }),
    { numRuns: 1000 },
  );
}, 120_000);

it('gives the same log when the process dies before every append and goes on from the log', () => {
  fc.assert(
    fc.property(histories, (steps) => {
      expect(play(steps, true).log.events).toEqual(play(steps, false).log.events);
    }),
    { numRuns: 150 },
  );
}, 120_000);
