import type { Lcg } from './naive-campaign';
import type { NaiveMuster } from './naive-muster';
import { STRATIFICATIONS } from './naive-strata';
import type { Condition, ImportMode, MembersChange, Row, Step } from './step';

/** Numbers from a seed, the same on every machine (mulberry32, public domain, Tommy Ettinger). */
export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** 0 .. sides - 1 */
  below(sides: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * sides);
  }

  oneIn(sides: number): boolean {
    return this.below(sides) === 0;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('there is nothing to pick from');
    return item;
  }

  /** Each of them with a chance of one in `sides`. */
  some<T>(items: readonly T[], sides: number): T[] {
    return items.filter(() => this.oneIn(sides));
  }
}

const CITIES = ['Oslo', 'Bergen', 'Narvik', 'Å', ''];
const PERCENTS = [0, 1, 700, 1000, 1500, 2000, 2500, 3333, 4000, 5000, 7500, 9000, 10_000];
const MOST_CAMPAIGNS = 3;

/** How a history begins: profiles, some of them members, and a campaign. */
export function opening(dice: Dice): Step[] {
  const rows = 10 + dice.below(51);
  return [
    { do: 'import', mode: 'upsert', rows: Array.from({ length: rows }, (_, i) => row(dice, `p${String(i)}`)) },
    { do: 'recalculate by', condition: dice.oneIn(4) ? null : condition(dice, 2) },
    { do: 'create campaign', lcg: lcg(dice), strata: stratification(dice) },
  ];
}

/** What may come next. Now and then it is something that is refused. */
export function nextStep(dice: Dice, muster: NaiveMuster): Step {
  const { campaigns } = muster;
  const campaign = dice.below(campaigns.length);
  const status = campaigns[campaign]?.status;
  if (dice.oneIn(20)) return { do: dice.pick(['activate', 'deactivate', 'complete'] as const), campaign };
  if (status === 'inactive' && dice.oneIn(2)) return { do: 'activate', campaign };
  switch (dice.below(13)) {
    case 0:
    case 1:
      return { do: 'import', mode: dice.pick<ImportMode>(['insert', 'update', 'upsert']), rows: rows(dice, muster) };
    case 2:
      return { do: 'recalculate' };
    case 3:
      return { do: 'recalculate by', condition: dice.oneIn(6) ? null : condition(dice, 3) };
    case 4:
      if (campaigns.length === MOST_CAMPAIGNS) return { do: 'recalculate' };
      return { do: 'create campaign', lcg: lcg(dice), strata: stratification(dice) };
    case 5:
      return status === 'active' ? { do: 'deactivate', campaign } : { do: 'set lcg', campaign, lcg: lcg(dice) };
    case 6:
      if (status === 'active') return { do: 'deactivate', campaign };
      return { do: 'set strata', campaign, strata: stratification(dice) };
    case 7:
      return { do: status === 'active' ? 'deactivate' : 'activate', campaign };
    case 8:
      return { do: dice.oneIn(3) ? 'complete' : 'activate', campaign };
    default:
      return { do: 'change members', changes: changes(dice, muster) };
  }
}

function row(dice: Dice, id: string): Row {
  const age = dice.oneIn(10) ? '' : String(dice.below(90));
  return [id, dice.oneIn(30) ? 'unknown' : age, dice.pick(CITIES), dice.pick(['true', 'false', ''])];
}

function rows(dice: Dice, muster: NaiveMuster): Row[] {
  const known = dice.some([...muster.profiles.keys()], 3);
  const fresh = Array.from({ length: dice.below(8) }, () => `p${String(60 + dice.below(40))}`);
  return [...known, ...fresh, 'p0'].map((id) => row(dice, id));
}

function changes(dice: Dice, muster: NaiveMuster): MembersChange[] {
  return Array.from({ length: 1 + dice.below(3) }, () => {
    const sides = 2 + dice.below(8);
    const add = dice.some([...muster.profiles.keys()], sides);
    const remove = dice.some([...muster.profiles.keys()], sides).filter((id) => !add.includes(id));
    return { add: dice.oneIn(25) ? [...add, 'nobody'] : add, remove };
  });
}

function lcg(dice: Dice): Lcg | null {
  switch (dice.below(9)) {
    case 0:
      return null;
    case 1:
      return { basisPoints: null, count: dice.below(12) };
    case 2:
      return { basisPoints: dice.pick(PERCENTS), count: dice.below(12) };
    default:
      return { basisPoints: dice.pick(PERCENTS), count: null };
  }
}

function stratification(dice: Dice): string | null {
  return dice.oneIn(3) ? null : dice.pick(STRATIFICATIONS).name;
}

function condition(dice: Dice, depth: number): Condition {
  if (depth > 0 && dice.oneIn(3)) {
    const parts = (): Condition[] => Array.from({ length: 1 + dice.below(3) }, () => condition(dice, depth - 1));
    return dice.pick<() => Condition>([
      () => ({ all: parts() }),
      () => ({ any: parts() }),
      () => ({ not: condition(dice, depth - 1) }),
    ])();
  }
  return dice.pick<() => Condition>([
    () => ({ field: 'age', op: dice.pick(['lt', 'gte', 'lt', 'gte', 'eq', 'ne'] as const), value: dice.below(90) }),
    () => ({ field: 'city', op: dice.pick(['in', 'notIn'] as const), value: ['Oslo', dice.pick(CITIES.slice(0, 4))] }),
    () => ({ field: 'vip', op: 'eq', value: dice.oneIn(2) }),
    () => ({ field: dice.pick(['age', 'city'] as const), op: dice.pick(['empty', 'notEmpty'] as const) }),
  ])();
}
