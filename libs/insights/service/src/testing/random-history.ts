import type { Group } from '@muster/contracts';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { AudienceStory, type Assigned } from './audience-story';
import { SegmentStory } from './segment-story';

/** Events that are in the log together or not at all. */
export interface Append {
  readonly stream: string;
  readonly events: readonly { readonly type: string; readonly data: unknown }[];
}

/** Both sides of the edges of three blocks. */
const UNIVERSE = [1, 2, 3, 65_535, 65_536, 65_537, 131_071, 131_072];

export interface Step {
  readonly kind: 'build' | 'arrive' | 'leave' | 'release' | 'change' | 'status';
  readonly enter: readonly boolean[];
  readonly leave: readonly boolean[];
  readonly control: readonly boolean[];
}

const flags = fc.tuple(...UNIVERSE.map(() => fc.boolean()));
export const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('build', 'arrive', 'leave', 'release', 'change', 'change', 'status'),
  enter: flags,
  leave: flags,
  control: flags,
});

const LIFE = [
  ['CampaignActivated', 'audience_building'],
  ['CampaignAudienceReady', 'active'],
  ['CampaignDeactivated', 'inactive'],
  ['CampaignActivated', 'audience_building'],
  ['CampaignBuildCancelled', 'inactive'],
  ['CampaignActivated', 'audience_building'],
  ['CampaignAudienceReady', 'active'],
  ['CampaignCompletionStarted', 'audience_exclusion'],
  ['CampaignCompleted', 'completed'],
] as const;

/** A segment, a campaign and its audience, and what has to come of them in the end: profile by profile, without sets. */
export class RandomHistory {
  readonly databaseId = randomUUID();
  readonly segment = new SegmentStory(this.databaseId);
  readonly audience = new AudienceStory(this.databaseId, this.segment.segmentId, null);
  readonly members = new Set<number>();
  readonly groups = new Map<number, Group>();
  status = 'inactive';
  /** Comes before all the rest. */
  readonly creation: readonly Append[];
  /** Each event for itself, so that one may read between any two. */
  readonly appends: Append[] = [];
  private age = 0;

  constructor(steps: readonly Step[]) {
    const { databaseId, campaignId, segment } = this;
    const about = { databaseId, segmentId: segment.segmentId, segmentKind: 'static' };
    const created = { campaignId, name: 'Spring', description: '', tags: [], ...about };
    this.creation = [
      { stream: segment.stream, events: [segment.created()] },
      { stream: `campaign-${campaignId}`, events: [{ type: 'CampaignCreated', data: created }] },
    ];
    this.build({ kind: 'build', enter: [true], leave: [], control: [true] });
    for (const one of steps) {
      if (one.kind === 'status') this.goOn();
      else this[one.kind](one);
    }
  }

  get campaignId(): string {
    return this.audience.campaignId;
  }

  private change({ enter, leave }: Step): void {
    const entering = chosen(enter).filter((profile) => !this.members.has(profile));
    const leaving = chosen(leave).filter((profile) => this.members.has(profile));
    for (const profile of entering) this.members.add(profile);
    for (const profile of leaving) this.members.delete(profile);
    this.add(this.segment.membersStream, this.segment.changed(entering, leaving));
  }

  private build(step: Step): void {
    const { audience } = this;
    const [runId, newcomers, leavers] = [randomUUID(), this.newcomers(step), this.present(step)];
    const opening = this.groups.size === 0 ? [audience.epochOpened()] : [];
    const events = [audience.started(runId), ...opening, ...audience.planned(runId, newcomers, leavers)];
    this.add(audience.stream, [...events, audience.built(runId, newcomers, leavers)]);
    this.left(leavers);
    this.entered(newcomers);
  }

  private arrive(step: Step): void {
    const newcomers = this.newcomers(step);
    this.add(this.audience.stream, this.audience.entered(newcomers));
    this.entered(newcomers);
  }

  private leave(step: Step): void {
    const leavers = this.present(step);
    this.add(this.audience.stream, this.audience.left(leavers));
    this.left(leavers);
  }

  private release(step: Step): void {
    const released = this.present(step).filter((profile) => this.groups.get(profile) === 'control');
    this.add(this.audience.stream, this.audience.released(released));
    for (const profile of released) this.groups.set(profile, 'test');
  }

  private goOn(): void {
    const next = LIFE[this.age++];
    if (!next) return;
    const { campaignId } = this;
    const settings = {
      databaseId: this.databaseId,
      segmentId: this.segment.segmentId,
      lcg: null,
      stratification: null,
    };
    const counts = { members: 0, control: 0, left: 0, previous: this.status };
    const data = { campaignId, buildId: randomUUID(), ...settings, ...counts };
    this.add(`campaign-${campaignId}`, [{ type: next[0], data }]);
    this.status = next[1];
  }

  private newcomers({ enter, control }: Step): Assigned[] {
    return chosen(enter)
      .filter((profile) => !this.groups.has(profile))
      .map((profile) => ({ profile, code: 0, control: control[UNIVERSE.indexOf(profile)] === true }));
  }

  private present({ leave }: Step): number[] {
    return chosen(leave).filter((profile) => this.groups.has(profile));
  }

  private entered(newcomers: readonly Assigned[]): void {
    for (const { profile, control } of newcomers) this.groups.set(profile, control ? 'control' : 'test');
  }

  private left(leavers: readonly number[]): void {
    for (const profile of leavers) this.groups.delete(profile);
  }

  private add(stream: string, events: Append['events']): void {
    for (const event of events) this.appends.push({ stream, events: [event] });
  }
}

function chosen(flags: readonly boolean[]): number[] {
  return UNIVERSE.filter((_, i) => flags[i] === true);
}
