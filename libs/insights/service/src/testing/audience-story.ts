import type { AudienceEvent, StratumCount } from '@muster/audiences-events';
import type { AudienceCause, LcgSettings, StratificationReference } from '@muster/contracts';
import type { EventStore, EventToAppend } from '@muster/event-store';
import { SYSTEM } from '@muster/kernel';
import { blockOf, encodeCodes, ProfileSet } from '@muster/profile-set';
import { randomUUID } from 'node:crypto';

/** What one profile is in a story: the group and stratum it was given. */
export interface Assigned {
  readonly profile: number;
  readonly code: number;
  readonly control: boolean;
}

export const SEED = '000102030405060708090a0b0c0d0e0f';

/** Writes the events of one audience as its service would, from what a test wants to have happened. */
export class AudienceStory {
  readonly campaignId = randomUUID();
  private epoch = 0;
  private readonly assigned = new Map<number, StratumCount>();
  private readonly members = new Map<number, Assigned>();

  constructor(
    readonly databaseId: string,
    readonly segmentId: string,
    private readonly stratification: StratificationReference | null,
    private readonly lcg: LcgSettings | null = { basisPoints: 1500, count: null },
  ) {}

  get stream(): string {
    return `audience-${this.campaignId}`;
  }

  started(runId: string, buildId: string = runId, segmentRevision = 0): AudienceEvent {
    const { campaignId, databaseId, segmentId, lcg, stratification } = this;
    return {
      type: 'AudienceBuildStarted',
      data: { campaignId, buildId, runId, databaseId, segmentId, segmentRevision, lcg, stratification },
    };
  }

  epochOpened(): AudienceEvent {
    const { campaignId, lcg, stratification } = this;
    this.epoch += 1;
    this.assigned.clear();
    return {
      type: 'EpochOpened',
      data: { campaignId, epoch: this.epoch, seed: SEED, algorithm: 'muster-1', lcg, stratification },
    };
  }

  /** Plan and labels of a run; nothing of it holds before `built`. */
  planned(runId: string, newcomers: readonly Assigned[], leavers: readonly number[], buildId = runId): AudienceEvent[] {
    const { campaignId } = this;
    const run = { campaignId, buildId, runId };
    const gone = leavers.flatMap((profile) => this.members.get(profile) ?? []);
    const blocks = blocksOf([...newcomers, ...gone]);
    const plans = blocks.map((block): AudienceEvent => {
      const entering = inBlock(newcomers, block);
      const leaving = inBlock(gone, block);
      return {
        type: 'BuildPlanned',
        data: {
          ...run,
          block,
          ...{ newcomers: setOf(entering), count: entering.length, codes: codesOf(entering) },
          ...{ leavers: setOf(leaving), leaverCount: leaving.length, leaverControlCount: controlOf(leaving).length },
        },
      };
    });
    const labels = blocks.map((block): AudienceEvent => {
      const entering = inBlock(newcomers, block);
      const control = controlOf(entering);
      return {
        type: 'BuildLabelled',
        data: {
          ...run,
          epoch: this.epoch,
          block,
          control: setOf(control),
          controlCount: control.length,
          strata: countsOf(entering),
        },
      };
    });
    return [...plans, ...labels];
  }

  built(runId: string, newcomers: readonly Assigned[], leavers: readonly number[], buildId = runId): AudienceEvent {
    const { campaignId, databaseId, epoch } = this;
    const gone = leavers.flatMap((profile) => this.members.get(profile) ?? []);
    for (const { profile } of gone) this.members.delete(profile);
    this.take(newcomers);
    const members = [...this.members.values()];
    return {
      type: 'AudienceBuilt',
      data: {
        campaignId,
        databaseId,
        buildId,
        runId,
        epoch,
        blocks: blocksOf([...newcomers, ...gone]),
        entered: newcomers.length,
        left: gone.length,
        members: members.length,
        control: controlOf(members).length,
        strata: [...this.assigned.values()],
      },
    };
  }

  abandoned(runId: string, cancelled = false, buildId = runId): AudienceEvent {
    return { type: 'BuildAbandoned', data: { campaignId: this.campaignId, buildId, runId, cancelled } };
  }

  entered(newcomers: readonly Assigned[], cause: AudienceCause = 'segment', segmentRevision?: number): AudienceEvent[] {
    const { campaignId, databaseId, epoch } = this;
    return blocksOf(newcomers).map((block): AudienceEvent => {
      const entering = inBlock(newcomers, block);
      this.take(entering);
      const control = controlOf(entering);
      const touched = new Set(entering.map(({ code }) => code));
      return {
        type: 'ProfilesEnteredCampaign',
        data: {
          ...{ campaignId, databaseId, epoch, cause, block },
          ...{ profiles: setOf(entering), count: entering.length, codes: codesOf(entering) },
          ...{ control: setOf(control), controlCount: control.length },
          strata: [...this.assigned.values()].filter(({ code }) => touched.has(code)),
          ...(segmentRevision !== undefined && { segmentRevision }),
        },
      };
    });
  }

  left(leavers: readonly number[], cause: AudienceCause = 'segment', segmentRevision?: number): AudienceEvent[] {
    const { campaignId, databaseId } = this;
    const gone = leavers.flatMap((profile) => this.members.get(profile) ?? []);
    for (const { profile } of gone) this.members.delete(profile);
    return blocksOf(gone).map((block): AudienceEvent => {
      const leaving = inBlock(gone, block);
      return {
        type: 'ProfilesLeftCampaign',
        data: {
          ...{ campaignId, databaseId, cause, block, profiles: setOf(leaving), count: leaving.length },
          controlCount: controlOf(leaving).length,
          ...(segmentRevision !== undefined && { segmentRevision }),
        },
      };
    });
  }

  released(profiles: readonly number[]): AudienceEvent[] {
    const { campaignId, databaseId } = this;
    const moved = controlOf(profiles.flatMap((profile) => this.members.get(profile) ?? []));
    for (const { profile, code } of moved) this.members.set(profile, { profile, code, control: false });
    return blocksOf(moved).map((block): AudienceEvent => {
      const part = inBlock(moved, block);
      return {
        type: 'ProfilesChangedGroup',
        data: {
          ...{ campaignId, databaseId, cause: 'lcg_changed', block, group: 'test' },
          ...{ profiles: setOf(part), count: part.length },
        },
      };
    });
  }

  /** A whole first build. */
  build(
    newcomers: readonly Assigned[],
    leavers: readonly number[] = [],
    runId: string = randomUUID(),
  ): AudienceEvent[] {
    const start = this.started(runId);
    const epoch = this.epochOpened();
    return [start, epoch, ...this.planned(runId, newcomers, leavers), this.built(runId, newcomers, leavers)];
  }

  private take(newcomers: readonly Assigned[]): void {
    for (const newcomer of newcomers) {
      this.members.set(newcomer.profile, newcomer);
      const { n, c } = this.assigned.get(newcomer.code) ?? { n: 0, c: 0 };
      this.assigned.set(newcomer.code, { code: newcomer.code, n: n + 1, c: c + (newcomer.control ? 1 : 0) });
    }
  }
}

/** Appends in one go; all events at one instant. Returns the position of the last. */
export async function tell(
  store: EventStore,
  stream: string,
  events: readonly { readonly type: string; readonly data: unknown }[],
  time = new Date().toISOString(),
): Promise<string> {
  const appended = events.map(({ type, data }): EventToAppend => {
    return { id: randomUUID(), type, data, metadata: { v: 1, time, actor: SYSTEM, correlationId: randomUUID() } };
  });
  return (await store.append(stream, 'any', appended)).position;
}

function blocksOf(assigned: readonly Assigned[]): number[] {
  return [...new Set(assigned.map(({ profile }) => blockOf(profile)))].sort((a, b) => a - b);
}

function inBlock(assigned: readonly Assigned[], block: number): Assigned[] {
  return assigned.filter(({ profile }) => blockOf(profile) === block).sort((a, b) => a.profile - b.profile);
}

function controlOf(assigned: readonly Assigned[]): Assigned[] {
  return assigned.filter(({ control }) => control);
}

function setOf(assigned: readonly Assigned[]): string {
  return ProfileSet.of(assigned.map(({ profile }) => profile)).encodeBase64();
}

function codesOf(assigned: readonly Assigned[]): string {
  return Buffer.from(encodeCodes(Uint16Array.from(assigned, ({ code }) => code))).toString('base64');
}

function countsOf(assigned: readonly Assigned[]): StratumCount[] {
  const counts = new Map<number, StratumCount>();
  for (const { code, control } of assigned) {
    const { n, c } = counts.get(code) ?? { n: 0, c: 0 };
    counts.set(code, { code, n: n + 1, c: c + (control ? 1 : 0) });
  }
  return [...counts.values()].sort((a, b) => a.code - b.code);
}
