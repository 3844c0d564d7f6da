import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { arrive, build, remap, strataOf, stratumCoder, switchOff, verify } from '.';
import type { Assigned, Share, StratificationDefinition, StratumCounts } from '.';
import { naiveArrive, naiveBuild, naiveRank, type NaiveMember, type NaiveState } from './naive.reference';

/** The numbered properties of the method. `SOAK=1` runs ten times as many cases. */
const SCALE = process.env['SOAK'] === '1' ? 10 : 1;
const RUNS = { numRuns: 1000 * SCALE };
const Q = 10_000;

const STRATA = ['0a', '1b', '2c', '3d', '4e'].map((text) =>
  createHash('sha256').update(text).digest('hex').slice(0, 16),
);
interface Member {
  readonly number: number;
  readonly code: number;
}

const member = fc.record({
  number: fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.nat({ max: 200 }), fc.constantFrom(0, 0xffffffff)),
  code: fc.integer({ min: 0, max: STRATA.length - 1 }),
});
const members = fc.uniqueArray(member, { selector: ({ number }) => number, maxLength: 60 });
const points = fc.oneof(fc.integer({ min: 0, max: Q }), fc.constantFrom(0, 1, 1000, 1500, 3333, 5000, 9999, Q));
const cuts = fc.array(fc.nat({ max: 60 }), { maxLength: 6 });
const epochOf = fc.record({
  seed: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  epoch: fc.nat({ max: 50 }),
  strataHashes: fc.constant(STRATA),
});
type Of = typeof epochOf extends fc.Arbitrary<infer T> ? T : never;

const stratified = (batch: readonly Member[]) => ({
  members: Uint32Array.from(batch, ({ number }) => number),
  codes: Uint16Array.from(batch, ({ code }) => code),
});
const buildOf = (of: Of, batch: readonly Member[], share: Share): Assigned =>
  build({ ...of, share, ...stratified(batch) });
const arriveOf = (
  of: Of,
  batch: readonly Member[],
  basisPoints: number,
  state: readonly StratumCounts[] = [],
): Assigned => arrive({ ...of, basisPoints, state, ...stratified(batch) });
const percent = (basisPoints: number): Share => ({ kind: 'percent', basisPoints });
const naive = (batch: readonly Member[]): NaiveMember[] =>
  batch.map(({ number, code }) => ({ number, stratum: STRATA[code]! }));
const naiveCounts = (state: NaiveState): StratumCounts[] =>
  STRATA.map((stratum) => state.get(stratum) ?? { n: 0, c: 0 });
const total = (counts: readonly StratumCounts[]): number => counts.reduce((sum, { c }) => sum + c, 0);

function batchesOf<T>(all: readonly T[], at: readonly number[]): T[][] {
  const ends = [...new Set(at.map((cut) => cut % (all.length + 1)))].sort((a, b) => a - b);
  return [...ends, all.length].map((end, i) => all.slice(ends[i - 1] ?? 0, end));
}

/** Build, then arrivals: every outcome in turn. */
function lifeOf(of: Of, batches: readonly Member[][], basisPoints: number): Assigned[] {
  const outcomes: Assigned[] = [];
  batches.forEach((batch, i) => {
    outcomes.push(
      i === 0 ? buildOf(of, batch, percent(basisPoints)) : arriveOf(of, batch, basisPoints, outcomes[i - 1]!.counts),
    );
  });
  return outcomes;
}

function hasExactCounts(counts: readonly StratumCounts[], basisPoints: number): void {
  for (const { n, c } of counts) expect(Math.abs(c * Q - basisPoints * n)).toBeLessThan(Q);
}

/** Deterministic seeds for the statistical properties. */
const seedNumber = (i: number, word = ''): string => createHash('md5').update(`${word}${i}`).digest('hex');

describe('the assignment', () => {
  it('0. agrees with the naive reference, for builds of every kind of share and for arrivals', () => {
    const share = fc.oneof(
      points.map(percent),
      fc.nat({ max: 70 }).map((count): Share => ({ kind: 'number', count })),
      fc.record({ kind: fc.constant('percent' as const), basisPoints: points, cap: fc.nat({ max: 30 }) }),
    );
    fc.assert(
      fc.property(epochOf, members, share, points, cuts, (of, all, shared, later, at) => {
        const source = `${of.seed}|${of.epoch}`;
        const size = BigInt(all.length);
        const exact = (count: number): [bigint, bigint] => [BigInt(Math.min(count, all.length)), size || 1n];
        const fraction: [bigint, bigint] =
          shared.kind === 'number'
            ? exact(shared.count)
            : shared.cap !== undefined && size * BigInt(shared.basisPoints) > BigInt(shared.cap * Q)
              ? exact(shared.cap)
              : [BigInt(shared.basisPoints), BigInt(Q)];
        const built = buildOf(of, all, shared);
        const expected = naiveBuild(source, naive(all), STRATA, ...fraction);
        expect([...built.control]).toEqual(expected.control);
        expect(built.counts).toEqual(naiveCounts(expected.state));
        const state: NaiveState = new Map();
        let counts: readonly StratumCounts[] = [];
        for (const batch of batchesOf(all, at)) {
          const arrived = arriveOf(of, batch, later, counts);
          expect([...arrived.control]).toEqual(naiveArrive(source, naive(batch), state, BigInt(later)));
          expect(arrived.counts).toEqual(naiveCounts(state));
          counts = arrived.counts;
        }
      }),
      RUNS,
    );
  });

  it('1. puts every member into exactly one group, and no one else into any', () => {
    fc.assert(
      fc.property(epochOf, members, points, cuts, (of, all, p, at) => {
        const batches = batchesOf(all, at);
        lifeOf(of, batches, p).forEach(({ control }, i) => {
          const batch = new Set(batches[i]!.map(({ number }) => number));
          expect(new Set(control).size).toBe(control.length);
          expect([...control].every((number) => batch.has(number))).toBe(true);
          expect([...control]).toEqual([...control].sort((a, b) => a - b));
        });
      }),
      RUNS,
    );
  });

  it('2. keeps |c·Q - P·n| < Q in every stratum after every batch, and says what it did', () => {
    fc.assert(
      fc.property(epochOf, members, points, cuts, (of, all, p, at) => {
        const batches = batchesOf(all, at);
        const codeOf = new Map(all.map(({ number, code }) => [number, code]));
        const seen = STRATA.map(() => ({ n: 0, c: 0 }));
        lifeOf(of, batches, p).forEach(({ counts, control }, i) => {
          hasExactCounts(counts, p);
          for (const { code } of batches[i]!) seen[code]!.n++;
          for (const number of control) seen[codeOf.get(number)!]!.c++;
          expect(counts).toEqual(seen);
        });
      }),
      RUNS,
    );
  });

  it('3. keeps |c·Q - P·N| < Q in all of a build, and takes exactly min(K, N) for a number', () => {
    fc.assert(
      fc.property(epochOf, members, points, fc.nat({ max: 80 }), (of, all, p, k) => {
        expect(Math.abs(buildOf(of, all, percent(p)).control.length * Q - p * all.length)).toBeLessThan(Q);
        const exact = buildOf(of, all, { kind: 'number', count: k });
        expect(exact.control.length).toBe(Math.min(k, all.length));
        expect(exact.isFull).toBe(true);
        const capped = buildOf(of, all, { kind: 'percent', basisPoints: p, cap: k });
        expect(capped.control.length).toBeLessThanOrEqual(k);
        expect(capped.isFull).toBe(capped.control.length >= k);
        for (const { n, c } of exact.counts) {
          expect(Math.abs(c * all.length - Math.min(k, all.length) * n)).toBeLessThan(Math.max(all.length, 1));
        }
      }),
      RUNS,
    );
  });

  it('4. changes nothing when a batch is permuted', () => {
    const permuted = members.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
    );
    fc.assert(
      fc.property(epochOf, permuted, points, (of, [all, shuffled], p) => {
        expect(buildOf(of, shuffled, percent(p))).toEqual(buildOf(of, all, percent(p)));
        expect(arriveOf(of, shuffled, p)).toEqual(arriveOf(of, all, p));
      }),
      RUNS,
    );
  });

  it('5. gives the same counts however arrivals are batched, short of a cap, and never passes it', () => {
    fc.assert(
      fc.property(epochOf, members, points, cuts, fc.nat({ max: 20 }), (of, all, p, at, cap) => {
        let state: readonly StratumCounts[] = [];
        for (const batch of batchesOf(all, at)) state = arriveOf(of, batch, p, state).counts;
        expect(state).toEqual(arriveOf(of, all, p).counts);
        const [first, second] = batchesOf(all, [at[0] ?? 0]) as [Member[], Member[]?];
        const before = arrive({ ...of, basisPoints: p, state: [], room: cap, ...stratified(first) });
        const room = cap - before.control.length;
        expect(room).toBeGreaterThanOrEqual(0);
        expect(before.isFull).toBe(room === 0);
        const after = arrive({
          ...of,
          basisPoints: before.isFull ? 0 : p,
          state: before.isFull ? [] : before.counts,
          room,
          ...stratified(second ?? []),
        });
        const uncapped = arriveOf(of, first, p).control.length;
        expect(before.control.length).toBe(Math.min(cap, uncapped));
        expect(after.control.length).toBeLessThanOrEqual(room);
      }),
      RUNS,
    );
  });

  it('6. moves nobody who is assigned: later batches hold no one else, and an empty redelivery changes nothing', () => {
    fc.assert(
      fc.property(epochOf, members, points, cuts, (of, all, p, at) => {
        const group = new Map<number, 'control' | 'test'>();
        let state: readonly StratumCounts[] = [];
        const deliver = (batch: readonly Member[]) => {
          const fresh = batch.filter(({ number }) => !group.has(number));
          const before = new Map(group);
          const { control, counts } = arriveOf(of, fresh, p, state);
          for (const { number } of fresh) group.set(number, 'test');
          for (const number of control) group.set(number, 'control');
          for (const [number, label] of before) expect(group.get(number)).toBe(label);
          state = counts;
        };
        const batches = batchesOf(all, at);
        batches.forEach(deliver);
        const [labels, counts] = [new Map(group), state];
        batches.forEach(deliver);
        expect(group).toEqual(labels);
        expect(STRATA.map((_, code) => state[code] ?? { n: 0, c: 0 })).toEqual(
          STRATA.map((_, code) => counts[code] ?? { n: 0, c: 0 }),
        );
      }),
      RUNS,
    );
  });

  it.each([700, 1500, 3333, 9000])('7. gives every profile the chance of %i basis points, over 20,000 seeds', (p) => {
    const all = [1, 2, 3].flatMap((size, code) =>
      Array.from({ length: size }, (_, i) => ({ number: 10 * code + i, code })),
    );
    const seeds = 20_000 * SCALE;
    const frequencies = { build: new Map<number, number>(), single: new Map<number, number>() };
    const count = (kind: keyof typeof frequencies, control: Uint32Array) => {
      for (const number of control) frequencies[kind].set(number, (frequencies[kind].get(number) ?? 0) + 1);
    };
    for (let i = 0; i < seeds; i++) {
      const of = { seed: seedNumber(i, `${p}`), epoch: 0, strataHashes: STRATA.slice(0, 3) };
      count('build', buildOf(of, all, percent(p)).control);
      let state: readonly StratumCounts[] = [];
      for (const one of all) {
        const arrived = arriveOf(of, [one], p, state);
        count('single', arrived.control);
        state = arrived.counts;
      }
    }
    const share = p / Q;
    for (const frequency of Object.values(frequencies)) {
      for (const { number } of all) {
        const z = ((frequency.get(number) ?? 0) - seeds * share) / Math.sqrt(seeds * share * (1 - share));
        expect(Math.abs(z)).toBeLessThan(4);
      }
    }
  });

  it('8. replays to the state it had: what is recorded is enough to go on from, and verifies', () => {
    fc.assert(
      fc.property(epochOf, members, points, cuts, (of, all, p, at) => {
        const batches = batchesOf(all, at);
        const live = lifeOf(of, batches, p);
        const stored = live.map(({ control, counts }) => JSON.stringify({ control: [...control], counts }));
        let counts: readonly StratumCounts[] = [];
        stored.forEach((text, i) => {
          const recorded = JSON.parse(text) as { control: number[]; counts: StratumCounts[] };
          const outcome = { control: Uint32Array.from(recorded.control), counts: recorded.counts };
          const batch = { ...of, ...stratified(batches[i]!) };
          const audited =
            i === 0
              ? verify({ kind: 'build', share: percent(p), ...batch }, outcome)
              : verify({ kind: 'arrive', basisPoints: p, state: counts, ...batch }, outcome);
          expect(audited).toMatchObject({ agrees: true, counts: [] });
          counts = recorded.counts;
        });
        expect(counts).toEqual(live.at(-1)!.counts);
      }),
      RUNS,
    );
  });

  it('8b. is found out when the record was changed', () => {
    const someone = members.filter((all) => all.length > 0);
    fc.assert(
      fc.property(epochOf, someone, points, fc.nat(), (of, all, p, pick) => {
        const { control, counts } = buildOf(of, all, percent(p));
        const forged = all[pick % all.length]!.number;
        const wasControl = control.includes(forged);
        const changed = wasControl ? control.filter((n) => n !== forged) : Uint32Array.of(...control, forged);
        const found = verify(
          { kind: 'build', ...of, share: percent(p), ...stratified(all) },
          { control: changed, counts },
        );
        expect(found.agrees).toBe(false);
        expect([[...found.missing], [...found.unexpected]]).toEqual(wasControl ? [[forged], []] : [[], [forged]]);
        const miscounted = counts.map(({ n, c }, code) => (code === 2 ? { n, c: c + 1 } : { n, c }));
        expect(
          verify({ kind: 'build', ...of, share: percent(p), ...stratified(all) }, { control, counts: miscounted })
            .counts,
        ).toEqual([2]);
      }),
      RUNS,
    );
  });

  it('9. does not depend on the order of fields, buckets and values in the settings', () => {
    const definition: StratificationDefinition = {
      fields: [
        { field: 'sex', type: 'string', buckets: [{ values: ['f', 'w'] }, { values: ['m'] }] },
        { field: 'age', type: 'integer', buckets: [{ to: 30 }, { from: 30, to: 60 }, { values: [60, 61] }] },
        { field: 'new', type: 'boolean', buckets: [{ values: [true] }, { values: [false] }] },
      ],
    };
    const whole = <T>(all: readonly T[]) =>
      fc.shuffledSubarray([...all], { minLength: all.length, maxLength: all.length });
    const shuffled = whole(definition.fields).chain((fields) =>
      fc.tuple(
        ...fields.map((field) =>
          fc
            .tuple(
              ...field.buckets.map((b) =>
                'values' in b ? whole(b.values).map((values) => ({ ...b, values })) : fc.constant(b),
              ),
            )
            .chain(whole)
            .map((buckets) => ({ ...field, buckets })),
        ),
      ),
    );
    const attributes = fc.record({
      sex: fc.constantFrom('f', 'w', 'm', 'x', null),
      age: fc.integer({ min: 20, max: 65 }),
      new: fc.constantFrom(true, false, undefined),
    });
    fc.assert(
      fc.property(epochOf, shuffled, fc.array(attributes, { maxLength: 12 }), points, (of, fields, people, p) => {
        const outcome = (settings: StratificationDefinition) => {
          const strataHashes = strataOf(settings).map(({ hash }) => hash);
          const codeOf = stratumCoder(settings);
          const batch = people.map((person, number) => ({ number, code: codeOf(person) }));
          return { strataHashes, built: buildOf({ ...of, strataHashes }, batch, percent(p)) };
        };
        expect(outcome({ fields })).toEqual(outcome(definition));
      }),
      RUNS,
    );
  });

  it('10. moves only from control to test: those of no stratum and those over the new share, highest rank first', () => {
    fc.assert(
      fc.property(
        epochOf,
        members,
        fc.array(fc.nat({ max: 4 }), { minLength: 60, maxLength: 60 }),
        points,
        points,
        (of, all, remapped, p, next) => {
          const { control } = buildOf(of, all, percent(p));
          const later = all.map(({ number }, i) => ({ number, code: remapped[i]! }));
          const next_ = { ...of, epoch: of.epoch + 1 };
          const moved = remap({ ...next_, ...stratified(later), control, share: percent(next), residual: 4 });
          expect([...moved.control, ...moved.toTest].sort((a, b) => a - b)).toEqual([...control]);
          const source = `${next_.seed}|${next_.epoch}`;
          const codeOf = new Map(later.map(({ number, code }) => [number, code]));
          const allowed = buildOf(next_, later, percent(next)).counts.map(({ c }, code) => (code === 4 ? 0 : c));
          allowed.forEach((quota, code) => {
            const kept = [...moved.control].filter((n) => codeOf.get(n) === code);
            const gone = [...moved.toTest].filter((n) => codeOf.get(n) === code);
            expect(kept.length).toBe(Math.min(quota, kept.length + gone.length));
            expect(moved.movedPerStratum[code]).toBe(gone.length);
            for (const k of kept) for (const g of gone) expect(naiveRank(source, k) < naiveRank(source, g)).toBe(true);
          });
          expect(switchOff(control)).toEqual({ control: new Uint32Array(0), toTest: control });
        },
      ),
      RUNS,
    );
  });

  it.each([
    [
      'seeds',
      (i: number) => [
        { seed: seedNumber(i, 'a'), epoch: 0 },
        { seed: seedNumber(i, 'b'), epoch: 0 },
      ],
    ],
    [
      'epochs of one seed',
      (i: number) => [
        { seed: seedNumber(i, 'c'), epoch: 0 },
        { seed: seedNumber(i, 'c'), epoch: 1 },
      ],
    ],
  ] as const)('11. lets the control groups of two %s overlap as chance would', (_, epochsOf) => {
    const size = 200;
    const all = Array.from({ length: size }, (_, number) => ({ number, code: 0 }));
    const pairs = 1000 * SCALE;
    let squares = 0;
    let sum = 0;
    for (let i = 0; i < pairs; i++) {
      const [a, b] = epochsOf(i).map(
        (of, k) => buildOf({ ...of, strataHashes: STRATA.slice(0, 1) }, all, percent(k === 0 ? 1000 : 2500)).control,
      );
      const other = new Set(b);
      const overlap = a!.filter((n) => other.has(n)).length;
      const [x, y] = [a!.length, b!.length];
      const z = (overlap - (x * y) / size) / Math.sqrt((x * y * (size - x) * (size - y)) / (size * size * (size - 1)));
      squares += z * z;
      sum += z;
    }
    expect(squares / pairs).toBeGreaterThan(0.8);
    expect(squares / pairs).toBeLessThan(1.2);
    expect(Math.abs(sum) / Math.sqrt(pairs)).toBeLessThan(4);
  });

  it('12. holds at the ends: P = 0 and Q, nobody and one, numbers 0 and 2^32 - 1', () => {
    fc.assert(
      fc.property(epochOf, members, fc.constantFrom(0, 0xffffffff), points, (of, all, number, p) => {
        const counts = (wanted: (n: number) => number) =>
          STRATA.map((_, code) => {
            const n = all.filter((one) => one.code === code).length;
            return { n, c: wanted(n) };
          });
        const everyone = all.map((one) => one.number).sort((a, b) => a - b);
        for (const act of [(q: number) => buildOf(of, all, percent(q)), (q: number) => arriveOf(of, all, q)]) {
          expect(act(0)).toMatchObject({ control: new Uint32Array(0), counts: counts(() => 0) });
          const full = act(Q);
          expect([...full.control]).toEqual(everyone);
          expect(full.counts).toEqual(counts((n) => n));
        }
        expect(buildOf(of, [], percent(p)).control).toHaveLength(0);
        expect(buildOf(of, [], { kind: 'number', count: 3 }).control).toHaveLength(0);
        const one = buildOf(of, [{ number, code: 0 }], percent(p));
        expect(total(one.counts)).toBe(one.control.length);
        expect(buildOf(of, [{ number, code: 0 }], { kind: 'number', count: 1 }).control).toEqual(
          Uint32Array.of(number),
        );
      }),
      RUNS,
    );
  });

  it('refuses what is out of range instead of assigning something', () => {
    const of: Of = { seed: seedNumber(1), epoch: 0, strataHashes: STRATA };
    const all = [{ number: 1, code: 0 }];
    const refused = (act: () => unknown) => expect(act).toThrow(RangeError);
    refused(() => buildOf({ ...of, seed: 'ABC' }, all, percent(1)));
    refused(() => buildOf({ ...of, epoch: -1 }, all, percent(1)));
    refused(() => buildOf(of, all, percent(10_001)));
    refused(() => buildOf(of, all, percent(0.5)));
    refused(() => buildOf(of, all, { kind: 'number', count: -1 }));
    refused(() => buildOf(of, [{ number: 1, code: 9 }], percent(1)));
    refused(() => buildOf(of, [...all, ...all], percent(1)));
    refused(() => build({ ...of, share: percent(1), members: Uint32Array.of(1, 2), codes: Uint16Array.of(0) }));
    refused(() => arriveOf(of, all, 1000, [{ n: 10, c: 3 }]));
    refused(() => remap({ ...of, ...stratified(all), control: Uint32Array.of(2), share: percent(1), residual: 4 }));
  });
});
