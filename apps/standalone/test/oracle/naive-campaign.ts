import { arrivalQuota, buildQuotas, chosen, type ByStratum, type Quotas } from './naive-assignment';
import { strataOf, stratumOf, type Attributes, type Strata } from './naive-strata';

export interface Lcg {
  readonly basisPoints: number | null;
  readonly count: number | null;
}

export type Group = 'test' | 'control';

export interface Member {
  group: Group;
  readonly epoch: number;
  readonly stratum: string;
}

interface Epoch {
  readonly number: number;
  readonly source: string;
  readonly lcg: Lcg | null;
  readonly strata: Strata | null;
  /** Control members that were there before the epoch and stay control in it. */
  readonly carried: number;
  readonly tallies: Map<string, { n: number; c: number }>;
}

/** What the campaign's own record says that nobody can foresee. */
export interface Drawn {
  /** The seed of an epoch, 32 hex digits. */
  seed(epoch: number): string;
}

export interface CampaignNews {
  readonly kind: 'entered' | 'left' | 'changed';
  readonly profile: number;
  readonly group: Group;
  readonly cause: 'build' | 'segment' | 'lcg_changed' | 'completed';
}

const NOBODY = { n: 0, c: 0 };

/** One campaign by the rules on paper: a map from profile to group. */
export class NaiveCampaign {
  status: 'inactive' | 'active' | 'completed' = 'inactive';
  lcg: Lcg | null;
  strata: Strata | null;
  readonly members = new Map<number, Member>();
  epoch: Epoch | null = null;
  allocated = false;
  private applied: { lcg: Lcg | null; strata: Strata | null } | null = null;
  private epochs = 0;

  constructor(lcg: Lcg | null, strata: Strata | null) {
    this.lcg = lcg;
    this.strata = strata;
  }

  /** The net difference to the segment, once, and everyone new in one step. */
  activate(segment: ReadonlySet<number>, attributes: (profile: number) => Attributes, drawn: Drawn): CampaignNews[] {
    const news = this.removeAll(
      [...this.members.keys()].filter((profile) => !segment.has(profile)),
      'build',
    );
    const newcomers = [...segment].filter((profile) => !this.members.has(profile));
    const { lcg, strata, applied } = this;
    if (applied && sameLcg(applied.lcg, lcg) && applied.strata === strata) {
      news.push(...this.enter(newcomers, attributes, 'build', (batch) => this.arrivals(batch)));
    } else {
      if (applied && (lcg === null || applied.strata !== strata)) news.push(...this.release());
      this.open(lcg, strata, drawn);
      news.push(...this.enter(newcomers, attributes, 'build', (batch) => this.first(batch)));
    }
    this.applied = { lcg, strata };
    this.status = 'active';
    this.allocated = true;
    this.closeUsedUp(drawn);
    return news;
  }

  /** One change of the segment, while active. */
  follow(
    entered: readonly number[],
    left: readonly number[],
    attributes: (profile: number) => Attributes,
    drawn: Drawn,
  ): CampaignNews[] {
    if (this.status !== 'active') return [];
    const news = this.removeAll(
      left.filter((profile) => this.members.has(profile)),
      'segment',
    );
    const newcomers = entered.filter((profile) => !this.members.has(profile));
    news.push(...this.enter(newcomers, attributes, 'segment', (batch) => this.arrivals(batch)));
    this.closeUsedUp(drawn);
    return news;
  }

  complete(): CampaignNews[] {
    this.status = 'completed';
    this.allocated = false;
    return this.removeAll([...this.members.keys()], 'completed');
  }

  private enter(
    profiles: readonly number[],
    attributes: (profile: number) => Attributes,
    cause: CampaignNews['cause'],
    quotasOf: (batch: ByStratum) => Quotas,
  ): CampaignNews[] {
    const epoch = this.currentEpoch();
    const batch = new Map<string, number[]>();
    for (const profile of profiles) {
      const stratum = stratumOf(epoch.strata, attributes(profile));
      batch.set(stratum, [...(batch.get(stratum) ?? []), profile]);
    }
    const quotas = quotasOf(batch);
    const control = chosen(epoch.source, batch, quotas);
    for (const [stratum, members] of batch) {
      const { n, c } = epoch.tallies.get(stratum) ?? NOBODY;
      epoch.tallies.set(stratum, { n: n + members.length, c: c + (quotas.get(stratum) ?? 0) });
      for (const profile of members) {
        this.members.set(profile, { group: control.has(profile) ? 'control' : 'test', epoch: epoch.number, stratum });
      }
    }
    return profiles.map((profile) => ({ kind: 'entered', profile, group: this.groupOf(profile), cause }));
  }

  /** The first step of an epoch. */
  private first(batch: ByStratum): Quotas {
    const epoch = this.currentEpoch();
    return buildQuotas(epoch.source, strataOf(epoch.strata), batch, firstShare(epoch, sizeOf(batch)));
  }

  private arrivals(batch: ByStratum): Quotas {
    const epoch = this.currentEpoch();
    const points = epoch.lcg?.basisPoints ?? 0;
    const quotas = new Map(
      [...batch].map(([stratum, profiles]) => {
        const state = epoch.tallies.get(stratum) ?? NOBODY;
        return [stratum, arrivalQuota(epoch.source, stratum, points, state, profiles.length)];
      }),
    );
    const cap = epoch.lcg?.count ?? null;
    if (cap === null) return quotas;
    const room = Math.max(0, cap - epoch.carried - controlOf(epoch));
    if (sum([...quotas.values()]) <= room) return quotas;
    const total = sizeOf(batch);
    const share = { numerator: Math.min(room, total), denominator: Math.max(1, total) };
    return buildQuotas(epoch.source, strataOf(epoch.strata), batch, share);
  }

  /** A number is used up by its build, a cap by the batch that meets it: nobody who comes later is control. */
  private closeUsedUp(drawn: Drawn): void {
    const epoch = this.currentEpoch();
    const { lcg, strata, carried } = epoch;
    if (typeof lcg?.count !== 'number') return;
    if (lcg.basisPoints === null || carried + controlOf(epoch) >= lcg.count) {
      this.open({ basisPoints: 0, count: null }, strata, drawn);
    }
  }

  private open(lcg: Lcg | null, strata: Strata | null, drawn: Drawn): void {
    const number = ++this.epochs;
    const carried = [...this.members.values()].filter(({ group }) => group === 'control').length;
    this.epoch = {
      number,
      source: `${drawn.seed(number)}|${String(number)}`,
      lcg,
      strata,
      carried,
      tallies: new Map(),
    };
  }

  private release(): CampaignNews[] {
    const moved = [...this.members].filter(([, { group }]) => group === 'control');
    return moved.map(([profile, member]) => {
      member.group = 'test';
      return { kind: 'changed', profile, group: 'test', cause: 'lcg_changed' };
    });
  }

  private removeAll(profiles: readonly number[], cause: CampaignNews['cause']): CampaignNews[] {
    return profiles.map((profile) => {
      const group = this.groupOf(profile);
      this.members.delete(profile);
      return { kind: 'left', profile, group, cause };
    });
  }

  private groupOf(profile: number): Group {
    const member = this.members.get(profile);
    if (!member) throw new Error(`profile ${String(profile)} is not in the campaign`);
    return member.group;
  }

  private currentEpoch(): Epoch {
    if (!this.epoch) throw new Error('there is no epoch yet');
    return this.epoch;
  }
}

function firstShare({ lcg, carried }: Epoch, total: number): { numerator: number; denominator: number } {
  const exactly = (count: number) => ({ numerator: Math.min(count, total), denominator: Math.max(1, total) });
  if (lcg === null) return { numerator: 0, denominator: 10_000 };
  const { basisPoints, count } = lcg;
  if (basisPoints === null) return exactly(carried === 0 ? (count ?? 0) : 0);
  const cap = count === null ? Infinity : Math.max(0, count - carried);
  return total * basisPoints > cap * 10_000 ? exactly(cap) : { numerator: basisPoints, denominator: 10_000 };
}

function controlOf(epoch: Epoch): number {
  return sum([...epoch.tallies.values()].map(({ c }) => c));
}

function sizeOf(batch: ByStratum): number {
  return sum([...batch.values()].map(({ length }) => length));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function sameLcg(a: Lcg | null, b: Lcg | null): boolean {
  return a === b || (a !== null && b !== null && a.basisPoints === b.basisPoints && a.count === b.count);
}
