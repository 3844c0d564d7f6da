import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALGORITHM, arrive, build, rank, rankKey, verify, type RankWord, type Share, type StratumCounts } from '.';

interface Batch {
  readonly members: number[];
  readonly codes: number[];
  readonly control: number[];
  readonly counts: [number, number][];
}

interface Vectors {
  readonly algorithm: string;
  readonly ranks: { word: RankWord; source: string; number: number; rank: number }[];
  readonly cases: {
    seed: string;
    epoch: number;
    share: Share;
    strataHashes: string[];
    build: Batch;
    arrivals: (Batch & { basisPoints: number })[];
  }[];
}

const vectors = JSON.parse(readFileSync(join(__dirname, '../fixtures/muster-1.json'), 'utf8')) as Vectors;
const countsOf = (batch: Batch): StratumCounts[] => batch.counts.map(([n, c]) => ({ n, c }));
const membersOf = (batch: Batch) => ({
  members: Uint32Array.from(batch.members),
  codes: Uint16Array.from(batch.codes),
});

describe('the vectors that another language made', () => {
  it('are of this algorithm', () => expect(vectors.algorithm).toBe(ALGORITHM));

  it.each(vectors.ranks)('rank $number by $word at $rank', ({ word, source, number, rank: expected }) => {
    expect(rank(rankKey(word, source), number)).toBe(expected);
  });

  it.each(vectors.cases)('give the same groups for seed $seed', ({ seed, epoch, share, strataHashes, ...batches }) => {
    const of = { seed, epoch, strataHashes };
    const built = build({ ...of, share, ...membersOf(batches.build) });
    expect([...built.control]).toEqual(batches.build.control);
    expect(built.counts).toEqual(countsOf(batches.build));
    let state = built.counts;
    for (const batch of batches.arrivals) {
      const input = { ...of, basisPoints: batch.basisPoints, state, ...membersOf(batch) };
      const arrived = arrive(input);
      expect([...arrived.control]).toEqual(batch.control);
      expect(arrived.counts).toEqual(countsOf(batch));
      expect(verify({ kind: 'arrive', ...input }, arrived).agrees).toBe(true);
      state = arrived.counts;
    }
  });
});
