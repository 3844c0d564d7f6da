import { NaiveCampaign, type CampaignNews, type Drawn, type Group } from './naive-campaign';
import { STRATIFICATIONS, type Attributes, type Strata } from './naive-strata';
import type { Condition, MembersChange, Row, Step } from './step';

export interface ImportOutcome {
  readonly read: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
}

/** What a profile has been through. */
export type ProfileNews =
  | { readonly kind: 'entered segment' | 'left segment'; readonly cause: string }
  | {
      readonly kind: 'entered campaign' | 'left campaign' | 'changed group';
      readonly campaign: number;
      readonly group: Group;
      readonly cause: string;
    };

/** What cannot be foreseen: numbers of profiles, and the seeds of a campaign's epochs. */
export interface World {
  number(externalId: string): number;
  drawn(campaign: number): Drawn;
}

/** A step's answer: statuses of its calls, and what became of a file's rows. */
export interface Expected {
  readonly statuses: readonly number[];
  readonly outcome?: ImportOutcome;
}

/** Who was in which group of a campaign, by external id. */
export type Groups = ReadonlyMap<string, Group>;

/** All of Muster that the histories need, in maps and sets, by the rules on paper. */
export class NaiveMuster {
  readonly profiles = new Map<string, Attributes>();
  readonly members = new Set<string>();
  readonly campaigns: NaiveCampaign[] = [];
  readonly news = new Map<string, ProfileNews[]>();
  private condition: Condition | null = null;
  private readonly ids = new Map<number, string>();

  /** Does the step, and says how it is answered. */
  apply(step: Step, world: World): Expected {
    switch (step.do) {
      case 'import': {
        const outcome = this.import(step.mode, step.rows);
        for (const id of this.profiles.keys()) this.ids.set(world.number(id), id);
        return { statuses: [202], outcome };
      }
      case 'recalculate by':
        this.condition = step.condition;
        this.recalculate(world);
        return { statuses: [200, 202] };
      case 'recalculate':
        this.recalculate(world);
        return { statuses: [202] };
      case 'change members':
        return { statuses: step.changes.map((change) => this.changeMembers(change, world)) };
      case 'create campaign':
        this.campaigns.push(new NaiveCampaign(step.lcg, strataNamed(step.strata)));
        return { statuses: [201, 201] };
      default:
        return { statuses: [this.command(step, world)] };
    }
  }

  groups(campaign: number): Groups {
    const members = this.campaigns[campaign]?.members ?? new Map<number, { group: Group }>();
    return new Map([...members].map(([number, { group }]) => [this.idOf(number), group]));
  }

  private command(step: Extract<Step, { campaign: number }>, world: World): number {
    const campaign = this.campaigns[step.campaign];
    if (!campaign) throw new Error(`there is no campaign ${String(step.campaign)}`);
    const drawn = world.drawn(step.campaign);
    switch (step.do) {
      case 'activate':
        if (campaign.status !== 'inactive') return 409;
        this.note(step.campaign, campaign.activate(this.memberNumbers(world), this.attributes, drawn));
        return 202;
      case 'deactivate':
        if (campaign.status !== 'active') return 409;
        campaign.status = 'inactive';
        return 200;
      case 'complete':
        if (campaign.status === 'completed' || !campaign.allocated) return 409;
        this.note(step.campaign, campaign.complete());
        return 202;
      case 'set lcg': {
        if (campaign.status !== 'inactive') return 409;
        const { lcg } = step;
        const raised = lcg?.basisPoints === null && (lcg.count ?? 0) > (campaign.lcg?.count ?? 0);
        if (campaign.allocated && raised) return 422;
        campaign.lcg = lcg;
        return 200;
      }
      case 'set strata':
        if (campaign.status !== 'inactive') return 409;
        campaign.strata = strataNamed(step.strata);
        return 200;
    }
  }

  private import(mode: 'insert' | 'update' | 'upsert', rows: readonly Row[]): ImportOutcome {
    const before = new Map(this.profiles);
    let rejected = 0;
    const touched = new Set<string>();
    for (const [id, age, city, vip] of rows) {
      const known = this.profiles.has(id);
      if (!/^-?\d*$/.test(age) || (known && mode === 'insert') || (!known && mode === 'update')) rejected++;
      else {
        touched.add(id);
        this.profiles.set(id, {
          age: age === '' ? null : Number(age),
          city: city === '' ? null : city,
          vip: vip === '' ? null : vip === 'true',
        });
      }
    }
    const inserted = [...touched].filter((id) => !before.has(id)).length;
    const updated = [...touched].filter(
      (id) => before.has(id) && JSON.stringify(before.get(id)) !== JSON.stringify(this.profiles.get(id)),
    ).length;
    const accepted = rows.length - rejected;
    return { read: rows.length, accepted, rejected, inserted, updated, unchanged: accepted - inserted - updated };
  }

  private recalculate(world: World): void {
    const { condition } = this;
    const found = [...this.profiles]
      .filter(([, attributes]) => condition === null || meets(condition, attributes))
      .map(([id]) => id);
    this.setMembers(new Set(found), 'conditions', world);
  }

  private changeMembers({ add, remove }: MembersChange, world: World): number {
    const unknown = [...add, ...remove].some((id) => !this.profiles.has(id));
    if (unknown || add.some((id) => remove.includes(id))) return 422;
    const wanted = new Set([...this.members, ...add]);
    for (const id of remove) wanted.delete(id);
    this.setMembers(wanted, 'manual', world);
    return 200;
  }

  private setMembers(wanted: ReadonlySet<string>, cause: string, world: World): void {
    const left = [...this.members].filter((id) => !wanted.has(id));
    const entered = [...wanted].filter((id) => !this.members.has(id));
    for (const id of left) {
      this.members.delete(id);
      this.newsOf(id).push({ kind: 'left segment', cause });
    }
    for (const id of entered) {
      this.members.add(id);
      this.newsOf(id).push({ kind: 'entered segment', cause });
    }
    const numbers = (ids: readonly string[]): number[] => ids.map((id) => world.number(id));
    this.campaigns.forEach((campaign, i) => {
      this.note(i, campaign.follow(numbers(entered), numbers(left), this.attributes, world.drawn(i)));
    });
  }

  private note(campaign: number, news: readonly CampaignNews[]): void {
    const kinds = { entered: 'entered campaign', left: 'left campaign', changed: 'changed group' } as const;
    for (const { kind, profile, group, cause } of news) {
      this.newsOf(this.idOf(profile)).push({ kind: kinds[kind], campaign, group, cause });
    }
  }

  private newsOf(id: string): ProfileNews[] {
    const known = this.news.get(id);
    if (known) return known;
    const fresh: ProfileNews[] = [];
    this.news.set(id, fresh);
    return fresh;
  }

  private memberNumbers(world: World): Set<number> {
    return new Set([...this.members].map((id) => world.number(id)));
  }

  private readonly attributes = (number: number): Attributes => {
    const attributes = this.profiles.get(this.idOf(number));
    if (!attributes) throw new Error(`there is no profile ${String(number)}`);
    return attributes;
  };

  private idOf(number: number): string {
    const id = this.ids.get(number);
    if (id === undefined) throw new Error(`nobody has the number ${String(number)}`);
    return id;
  }
}

function strataNamed(name: string | null): Strata | null {
  return STRATIFICATIONS.find((strata) => strata.name === name) ?? null;
}

/** A missing value meets no comparison; its negations it does. */
function meets(condition: Condition, attributes: Attributes): boolean {
  if ('all' in condition) return condition.all.every((each) => meets(each, attributes));
  if ('any' in condition) return condition.any.some((each) => meets(each, attributes));
  if ('not' in condition) return !meets(condition.not, attributes);
  const value = attributes[condition.field];
  switch (condition.op) {
    case 'empty':
      return value === null;
    case 'notEmpty':
      return value !== null;
    case 'ne':
      return value !== condition.value;
    case 'eq':
      return value === condition.value;
    case 'in':
      return typeof value === 'string' && condition.value.includes(value);
    case 'notIn':
      return typeof value !== 'string' || !condition.value.includes(value);
    case 'lt':
      return typeof value === 'number' && value < condition.value;
    case 'gte':
      return typeof value === 'number' && value >= condition.value;
  }
}
