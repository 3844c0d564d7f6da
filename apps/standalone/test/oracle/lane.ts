import { ProfileSet } from '@muster/profile-set';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ImportState } from '../client';
import { Dice, nextStep, opening } from './history';
import type { Drawn, Group, Lcg } from './naive-campaign';
import { NaiveMuster, type Groups, type ProfileNews, type World } from './naive-muster';
import { STRATIFICATIONS, strataOf } from './naive-strata';
import type { Row, Step } from './step';

/** One event of an audience's record, as it stands in the store. */
export interface RecordedEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** How the lanes reach a running Muster. */
export interface Access {
  readonly client: Client;
  /** The events of an audience from this revision on. */
  readonly record: (campaignId: string, from: number) => Promise<readonly RecordedEvent[]>;
  /** Until everything has followed from what was done. */
  readonly settle: () => Promise<void>;
}

interface Moment {
  readonly at: Date;
  readonly groups: readonly Groups[];
}

interface ProfileOfPreview {
  readonly profileNumber: number;
  readonly externalId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** One history: a profile database, a segment and its campaigns in Muster, and the same in the oracle. */
export class Lane {
  readonly steps: Step[] = [];
  private readonly oracle = new NaiveMuster();
  private readonly numbers = new Map<string, number>();
  private readonly campaignIds: string[] = [];
  private readonly records: RecordedEvent[][] = [];
  /** What analysts were last asked to tell of each campaign. */
  private readonly compared: string[] = [];
  private readonly moments: Moment[] = [];
  private readonly script: Step[];
  private databaseId = '';
  private segmentId = '';
  private importId = '';
  private statuses: readonly number[] = [];

  private constructor(
    readonly name: string,
    private readonly access: Access,
    private readonly dice: Dice,
    script: readonly Step[],
    private left: number,
  ) {
    this.script = [...script];
  }

  /** A history that the seed makes up, of 8 to 15 steps. */
  static ofSeed(seed: number, access: Access): Lane {
    const dice = new Dice(seed);
    const script = opening(dice);
    return new Lane(`seed ${String(seed)}`, access, dice, script, 8 + dice.below(8));
  }

  /** A history as it was written down. */
  static ofSteps(name: string, steps: readonly Step[], access: Access): Lane {
    return new Lane(name, access, new Dice(0), steps, steps.length);
  }

  get isDone(): boolean {
    return this.left === 0;
  }

  async open(): Promise<void> {
    const { client } = this.access;
    const fields = [
      { name: 'age', type: 'integer' },
      { name: 'city', type: 'string' },
      { name: 'vip', type: 'boolean' },
    ];
    const { databaseId } = await client.post<{ databaseId: string }>('/profile-databases', { name: this.name, fields });
    this.databaseId = databaseId;
    const segment = { databaseId, name: this.name, kind: 'static' };
    this.segmentId = (await client.post<{ segmentId: string }>('/segments', segment)).segmentId;
  }

  /** Does the next step in Muster, without waiting for what follows from it. */
  async act(): Promise<void> {
    this.left--;
    const step = this.script.shift() ?? nextStep(this.dice, this.oracle);
    this.steps.push(step);
    this.statuses = await this.send(step);
  }

  /** Does the step in the oracle too, and looks for differences. */
  async check(): Promise<void> {
    const step = this.steps.at(-1);
    if (!step) return;
    await this.learn(step);
    const expected = this.oracle.apply(step, this.world);
    same('answers', this.statuses, expected.statuses);
    if (expected.outcome) {
      const { rows } = await this.access.client.get<ImportState>(`/imports/${this.importId}`);
      same('rows of the import', rows, expected.outcome);
    }
    await this.compareSegment();
    await Promise.all(this.campaignIds.map((id, i) => this.compareCampaign(id, i)));
    this.moments.push({ at: new Date(), groups: this.campaignIds.map((_, i) => this.oracle.groups(i)) });
  }

  /** Looks back: what was true after each step is what is told of that instant. */
  async lookBack(): Promise<void> {
    for (const id of this.dice.some([...this.numbers.keys()], 12)) await this.compareHistory(id);
    for (const moment of this.dice.some(this.moments, 3)) {
      for (const [i, groups] of moment.groups.entries()) {
        if (groups.size === 0 && this.oracle.campaigns[i]?.epoch === null) continue;
        const asOf = encodeURIComponent(moment.at.toISOString());
        const told = await this.access.client.all<ToldMember>(
          `/insights/audiences/${this.campaignId(i)}/members?asOf=${asOf}`,
        );
        same(`campaign ${String(i)} as of ${moment.at.toISOString()}`, groupsTold(told), sorted(groups));
      }
    }
  }

  /** What is told of a profile, oldest first: of the segment, and of each campaign, apart. */
  private async compareHistory(id: string): Promise<void> {
    const path = `/insights/profiles/${this.databaseId}/${id}/history`;
    const { items } = await this.access.client.get<{ items: ToldNews[] }>(path);
    const told = [...items].reverse();
    const expected = this.oracle.news.get(id) ?? [];
    const ofSegment = (each: ProfileNews): boolean => each.kind.endsWith('segment');
    same(
      `${id} and the segment`,
      told.filter(({ segmentId }) => segmentId !== undefined).map(({ kind, cause }) => [kind, cause]),
      expected.filter(ofSegment).map(({ kind, cause }) => [kind.replace(' ', '_'), cause]),
    );
    this.campaignIds.forEach((campaignId, i) => {
      same(
        `${id} and campaign ${String(i)}`,
        told
          .filter((each) => each.campaignId === campaignId)
          .map(({ kind, group, cause, reason }) => [kind, reason?.group ?? group, cause]),
        expected.flatMap((each) =>
          'campaign' in each && each.campaign === i ? [[each.kind.replace(' ', '_'), each.group, each.cause]] : [],
        ),
      );
    });
  }

  private async send(step: Step): Promise<number[]> {
    const { client } = this.access;
    const status = async (method: string, path: string, body?: object): Promise<number> =>
      (await client.send(method, path, body)).status;
    switch (step.do) {
      case 'import': {
        const path = `/profile-databases/${this.databaseId}/imports?mode=${step.mode}`;
        const { status, text } = await client.send('POST', path, csv(step.rows), { 'content-type': 'text/csv' });
        this.importId = (JSON.parse(text) as { importId: string }).importId;
        return [status];
      }
      case 'recalculate by':
        return [
          await status('PATCH', `/segments/${this.segmentId}`, { condition: step.condition }),
          await status('POST', `/segments/${this.segmentId}/runs`),
        ];
      case 'recalculate':
        return [await status('POST', `/segments/${this.segmentId}/runs`)];
      case 'change members': {
        const statuses: number[] = [];
        for (const change of step.changes) {
          statuses.push(await status('POST', `/segments/${this.segmentId}/members`, change));
        }
        return statuses;
      }
      case 'create campaign':
        return this.createCampaign(step.lcg, step.strata);
      case 'activate':
        return [await status('POST', `/campaigns/${this.campaignId(step.campaign)}/activation`)];
      case 'deactivate':
        return [await status('POST', `/campaigns/${this.campaignId(step.campaign)}/deactivation`)];
      case 'complete':
        return [await status('POST', `/campaigns/${this.campaignId(step.campaign)}/completion`)];
      case 'set lcg': {
        const path = `/campaigns/${this.campaignId(step.campaign)}/lcg`;
        return [await (step.lcg ? status('PUT', path, lcgBody(step.lcg)) : status('DELETE', path))];
      }
      case 'set strata': {
        const path = `/campaigns/${this.campaignId(step.campaign)}/stratification`;
        const body = strataBody(step.strata);
        return [await (body ? status('PUT', path, body) : status('DELETE', path))];
      }
    }
  }

  private async createCampaign(lcg: Lcg | null, strata: string | null): Promise<number[]> {
    const { client } = this.access;
    const created = await client.send('POST', '/campaigns', {
      name: `${this.name}, campaign ${String(this.campaignIds.length)}`,
      databaseId: this.databaseId,
      segmentId: this.segmentId,
      lcg: lcg && lcgBody(lcg),
      stratification: strataBody(strata),
    });
    const { campaignId } = created.json<{ campaignId: string }>();
    this.campaignIds.push(campaignId);
    this.records.push([]);
    const activity = { kind: 'triggered', name: 'Greeting' };
    const attached = await client.send('POST', `/campaigns/${campaignId}/activities`, activity);
    return [created.status, attached.status];
  }

  /** What the oracle cannot know of itself: numbers of profiles, and seeds of epochs. */
  private async learn(step: Step): Promise<void> {
    if (step.do === 'import') await this.learnNumbers();
    await Promise.all(
      this.campaignIds.map(async (id, i) => {
        const record = this.records[i] ?? [];
        record.push(...(await this.access.record(id, record.length)));
      }),
    );
  }

  private async learnNumbers(): Promise<void> {
    for (const { externalId, profileNumber } of await this.profiles()) {
      const known = this.numbers.get(externalId);
      if (known === undefined) this.numbers.set(externalId, profileNumber);
      else same(`number of ${externalId}`, profileNumber, known);
    }
    same('distinct numbers', new Set(this.numbers.values()).size, this.numbers.size);
  }

  private async profiles(): Promise<readonly ProfileOfPreview[]> {
    const body = { databaseId: this.databaseId };
    const { profiles, count } = await this.access.client.post<{ profiles: ProfileOfPreview[]; count: number }>(
      '/segments/preview',
      body,
    );
    same('profiles shown', profiles.length, count);
    return profiles;
  }

  private readonly world: World = {
    number: (id) => {
      const number = this.numbers.get(id);
      if (number === undefined) throw new Difference(`profile ${id} is missing`);
      return number;
    },
    drawn: (campaign): Drawn => ({
      seed: (epoch) => {
        const opened = this.records[campaign]?.find(
          ({ type, data }) => type === 'EpochOpened' && data['epoch'] === epoch,
        );
        const seed = opened?.data['seed'];
        if (typeof seed !== 'string')
          throw new Difference(`campaign ${String(campaign)} has no epoch ${String(epoch)}`);
        return seed;
      },
    }),
  };

  private async compareSegment(): Promise<void> {
    const { client } = this.access;
    const members = await client.all<{ externalId: string }>(`/segments/${this.segmentId}/members`);
    same('members of the segment', members.map(({ externalId }) => externalId).sort(), [...this.oracle.members].sort());
    if (this.steps.at(-1)?.do !== 'import') return;
    const attributes = (await this.profiles()).map(({ externalId, attributes }) => [externalId, present(attributes)]);
    const expected = [...this.oracle.profiles].map(([id, values]) => [id, present({ ...values })]);
    same('profiles', byId(attributes), byId(expected));
  }

  private async compareCampaign(campaignId: string, i: number): Promise<void> {
    const campaign = this.oracle.campaigns[i];
    if (!campaign) throw new Error(`the oracle has no campaign ${String(i)}`);
    const { client } = this.access;
    const what = `campaign ${String(i)}`;
    const { status } = await client.get<{ status: string }>(`/campaigns/${campaignId}`);
    same(`status of ${what}`, status, campaign.status);
    const expected = sorted(this.oracle.groups(i));
    const recorded = foldRecord(this.records[i] ?? []);
    const ids = new Map([...this.numbers].map(([id, number]) => [number, id]));
    same(
      `groups of ${what} in the record`,
      sorted(new Map([...recorded].map(([number, group]) => [ids.get(number) ?? String(number), group]))),
      expected,
    );
    if (!campaign.epoch) return;
    const { epoch } = campaign;
    const control = expected.filter(([, group]) => group === 'control').length;
    const head = await client.get<AudienceHead>(`/audiences/${campaignId}`);
    const strata = strataOf(epoch.strata).map((hash, code) => {
      const { n, c } = epoch.tallies.get(hash) ?? { n: 0, c: 0 };
      return { code, assigned: n, control: c };
    });
    same(
      `counts of ${what}`,
      { members: head.members, control: head.control, epoch: head.epoch },
      { members: expected.length, control, epoch: { number: epoch.number, strata } },
    );
    // analysts are told what the record holds: as long as that is the same, so is what they are told
    const now = JSON.stringify([expected, epoch.number, this.isDone]);
    if (now === this.compared[i]) return;
    this.compared[i] = now;
    await this.compareInsights(campaignId, i, expected);
  }

  private async compareInsights(campaignId: string, i: number, expected: readonly (readonly [string, Group])[]) {
    const campaign = this.oracle.campaigns[i];
    const told = await this.access.client.all<ToldMember>(`/insights/audiences/${campaignId}/members`);
    same(`groups of campaign ${String(i)} as told to analysts`, groupsTold(told), expected);
    for (const { profileNumber, externalId, stratum, epoch } of told) {
      const member = campaign?.members.get(profileNumber);
      same(`stratum and epoch of ${externalId}`, [stratum.hash, epoch], [member?.stratum, member?.epoch]);
    }
  }

  private campaignId(i: number): string {
    const id = this.campaignIds[i];
    if (id === undefined) throw new Error(`there is no campaign ${String(i)}`);
    return id;
  }
}

interface ToldMember {
  readonly profileNumber: number;
  readonly externalId: string;
  readonly group: Group;
  readonly stratum: { readonly hash: string };
  readonly epoch: number;
}

interface ToldNews {
  readonly kind: string;
  readonly cause?: string;
  readonly group?: Group;
  readonly segmentId?: string;
  readonly campaignId?: string;
  readonly reason?: { readonly group: Group };
}

interface AudienceHead {
  readonly members: number;
  readonly control: number;
  readonly epoch: unknown;
}

/** Muster and the oracle disagree. */
export class Difference extends Error {
  override readonly name = 'Difference';
}

function same(what: string, actual: unknown, expected: unknown): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Difference(`${what}\n  Muster: ${found}\n  oracle: ${wanted}`);
}

function sorted(groups: Groups): [string, Group][] {
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

function groupsTold(members: readonly ToldMember[]): [string, Group][] {
  const groups = sorted(new Map(members.map(({ externalId, group }) => [externalId, group])));
  same('members that are told of once', groups.length, members.length);
  return groups;
}

function byId(rows: readonly (readonly unknown[])[]): unknown[] {
  return [...rows].sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
}

/** Values that are there, by name. */
function present(attributes: Readonly<Record<string, unknown>>): unknown[] {
  return Object.entries(attributes)
    .filter(([, value]) => value !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function csv(rows: readonly Row[]): string {
  return ['externalId,age,city,vip', ...rows.map((row) => row.join(','))].join('\n');
}

function lcgBody({ basisPoints, count }: Lcg): object {
  return { ...(basisPoints !== null && { percent: basisPoints / 100 }), ...(count !== null && { count }) };
}

function strataBody(name: string | null): object | null {
  const strata = STRATIFICATIONS.find((each) => each.name === name);
  return strata ? { fields: strata.fields } : null;
}

/** Who is in which group by the audience's own events. */
function foldRecord(events: readonly RecordedEvent[]): Map<number, Group> {
  const groups = new Map<number, Group>();
  const plans = new Map<string, { newcomers: number[]; leavers: number[]; control: number[] }>();
  const set = (value: unknown): number[] => [...ProfileSet.decodeBase64(String(value))];
  for (const { type, data } of events) {
    const plan = `${String(data['runId'])}/${String(data['block'])}`;
    switch (type) {
      case 'BuildPlanned':
        plans.set(plan, { newcomers: set(data['newcomers']), leavers: set(data['leavers']), control: [] });
        break;
      case 'BuildLabelled':
        plans.get(plan)?.control.push(...set(data['control']));
        break;
      case 'AudienceBuilt':
        for (const [key, { newcomers, leavers, control }] of plans) {
          if (!key.startsWith(String(data['runId']))) continue;
          for (const profile of leavers) groups.delete(profile);
          for (const profile of newcomers) groups.set(profile, control.includes(profile) ? 'control' : 'test');
        }
        break;
      case 'ProfilesEnteredCampaign': {
        const control = set(data['control']);
        for (const profile of set(data['profiles']))
          groups.set(profile, control.includes(profile) ? 'control' : 'test');
        break;
      }
      case 'ProfilesLeftCampaign':
        for (const profile of set(data['profiles'])) groups.delete(profile);
        break;
      case 'ProfilesChangedGroup':
        for (const profile of set(data['profiles'])) groups.set(profile, 'test');
        break;
      default:
        break;
    }
  }
  return groups;
}

export interface Failure {
  readonly name: string;
  readonly history: readonly Step[];
  readonly error: unknown;
}

/** Lets the lanes go on side by side, a step at a time: what one step leads to is waited for once for all of them. */
export async function race(lanes: readonly Lane[], settle: () => Promise<void>): Promise<Failure[]> {
  const failures: Failure[] = [];
  let running = [...lanes];
  const each = async (what: (lane: Lane) => Promise<void>): Promise<void> => {
    const outcomes = await Promise.allSettled(running.map(what));
    outcomes.forEach((outcome, i) => {
      const lane = running[i];
      if (lane && outcome.status === 'rejected') {
        failures.push({ name: lane.name, history: lane.steps, error: outcome.reason });
      }
    });
    running = running.filter((_, i) => outcomes[i]?.status === 'fulfilled');
  };
  await each((lane) => lane.open());
  const finished: Lane[] = [];
  while (running.length > 0) {
    // steps of different instants can be told apart
    await sleep(2);
    await each((lane) => lane.act());
    await settle();
    await sleep(2);
    await each((lane) => lane.check());
    finished.push(...running.filter(({ isDone }) => isDone));
    running = running.filter(({ isDone }) => !isDone);
  }
  running = finished;
  await each((lane) => lane.lookBack());
  return failures;
}
