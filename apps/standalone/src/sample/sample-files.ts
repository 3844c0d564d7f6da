import { SeededRandom } from './random';

const DAY_MS = 24 * 60 * 60 * 1000;

export const SAMPLE_FIELDS = [
  { name: 'age', type: 'integer', required: true },
  { name: 'gender', type: 'string', allowedValues: ['female', 'male', 'other'] },
  { name: 'city', type: 'string' },
  { name: 'marital', type: 'string' },
  { name: 'education', type: 'string' },
  { name: 'balance', type: 'decimal', label: 'Balance in EUR' },
  { name: 'newsletter', type: 'boolean' },
  { name: 'signed_up', type: 'date', label: 'Signed up on' },
  { name: 'interests', type: 'string[]' },
] as const;

const CITIES = ['Oslo', 'Bergen', 'Trondheim', 'Stavanger', 'Tromsø'] as const;
const EDUCATIONS = ['primary', 'secondary', 'secondary', 'tertiary', 'tertiary', ''] as const;
const INTERESTS = ['garden', 'books', 'travel', 'sports', 'music'] as const;

/** Customers who do not exist, as a CSV in parts of some thousand rows: `c-1` to `c-<count>`. */
export function* sampleProfiles(count: number, seed: number, now: Date): Generator<string> {
  const random = new SeededRandom(seed);
  let part = `externalId,${SAMPLE_FIELDS.map(({ name }) => name).join(',')}\n`;
  for (let i = 1; i <= count; i++) {
    const interests = INTERESTS.filter(() => random.isBelow(0.3)).join('|');
    const gender = random.isBelow(0.02) ? 'other' : random.pick(['female', 'male']);
    const marital = random.isBelow(0.55) ? 'married' : random.pick(['single', 'single', 'divorced']);
    const balance = (random.next() * random.next() * 12_000 - 900).toFixed(2);
    const signedUp = new Date(now.getTime() - random.below(2_000) * DAY_MS).toISOString().slice(0, 10);
    const newsletter = random.isBelow(0.6) ? 'yes' : 'no';
    const cells = [`c-${String(i)}`, String(18 + random.below(70)), gender, random.pick(CITIES), marital];
    part += `${[...cells, random.pick(EDUCATIONS), balance, newsletter, signedUp, interests].join(',')}\n`;
    if (i % 5_000 === 0 || i === count) {
      yield part;
      part = '';
    }
  }
}

const KINDS = ['purchase', 'email_opened', 'email_opened', 'page_viewed', 'page_viewed', 'page_viewed'] as const;

/** What the first `profiles` customers did in the last year, as NDJSON in parts of `partSize` lines. */
export function* sampleInteractions(
  count: number,
  profiles: number,
  partSize: number,
  seed: number,
  now: Date,
): Generator<string> {
  const random = new SeededRandom(seed);
  for (let first = 1; first <= count; first += partSize) {
    const lines: string[] = [];
    for (let i = first; i < first + partSize && i <= count; i++) {
      const kind = random.pick(KINDS);
      const at = new Date(now.getTime() - Math.floor(random.next() * 365 * DAY_MS)).toISOString();
      // Squared: some customers do much, most do little.
      const profile = 1 + Math.floor(random.next() * random.next() * profiles);
      const purchase =
        kind === 'purchase' ? { value: 5 + random.below(20_000) / 100, entity: `p-${String(random.below(500))}` } : {};
      lines.push(
        JSON.stringify({ id: `sample-${String(i)}`, externalId: `c-${String(profile)}`, kind, at, ...purchase }),
      );
    }
    yield `${lines.join('\n')}\n`;
  }
}
