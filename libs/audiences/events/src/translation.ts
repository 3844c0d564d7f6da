import { outgoingEvent, type Feed, type OutgoingEvent } from '@muster/contracts';
import type {
  AudienceBuilt as AudienceBuiltIntegration,
  ProfilesEnteredCampaign as EnteredIntegration,
  ProfilesLeftCampaign as LeftIntegration,
} from '@muster/contracts';
import { NOTED, type StoredEvent } from '@muster/event-store';
import {
  audienceEvents,
  type AudienceBuilt,
  type AudienceEvent,
  type BuildLabelled,
  type BuildPlanned,
} from './audience.events';

/** Events that are read back at once while looking for the plan of a build. */
const WINDOW = 128;

type ReadBack = (stream: string, from: number, to: number) => AsyncIterable<StoredEvent>;
type Told = readonly [feed: Feed, name: string, data: unknown];

/**
 * What an audience tells others: who entered and left, as sets, and its life cycle. What a build did is told at its
 * closing event, from the plan and labels that stand before it in the stream.
 */
export const audiencesTranslation = {
  context: 'audiences',
  categories: [audienceEvents.category],
  async translate(stored: StoredEvent, readBack: ReadBack): Promise<readonly OutgoingEvent[]> {
    if (stored.type === NOTED) return [];
    const event = audienceEvents.read(stored);
    const subject = event.data.campaignId;
    const told = event.type === 'AudienceBuilt' ? await tellBuild(stored, event.data, readBack) : tell(event);
    return told.map(([feed, name, data], n) =>
      outgoingEvent(stored, { context: 'audiences', feed, name, version: 1, n, subject, data }),
    );
  },
} as const;

function tell({ type, data }: Exclude<AudienceEvent, AudienceBuilt>): readonly Told[] {
  switch (type) {
    case 'ProfilesEnteredCampaign': {
      const { campaignId, databaseId, epoch, cause, profiles, count, control, controlCount } = data;
      return [['sets', type, { campaignId, databaseId, epoch, cause, profiles, count, control, controlCount }]];
    }
    case 'ProfilesLeftCampaign': {
      const { campaignId, databaseId, cause, profiles, count } = data;
      return [['sets', type, { campaignId, databaseId, cause, profiles, count }]];
    }
    case 'ProfilesChangedGroup': {
      const { campaignId, databaseId, cause, group, profiles, count } = data;
      return [['sets', type, { campaignId, databaseId, cause, group, profiles, count }]];
    }
    case 'AudienceBuildFailed':
    case 'AudienceExcluded':
      return [['lifecycle', type, data]];
    default:
      return [];
  }
}

async function tellBuild(stored: StoredEvent, built: AudienceBuilt['data'], readBack: ReadBack): Promise<Told[]> {
  const { plans, labels } = await recordOf(stored, built, readBack);
  const told: Told[] = [];
  for (const block of built.blocks) {
    const plan = plans.get(block);
    if (!plan) throw new Error(`${stored.stream}: the plan of block ${String(block)} is not in the stream`);
    if (plan.leaverCount > 0) told.push(['sets', 'ProfilesLeftCampaign', left(built, plan)]);
    if (plan.count > 0) told.push(['sets', 'ProfilesEnteredCampaign', entered(built, plan, labels.get(block))]);
  }
  return [...told, ['lifecycle', 'AudienceBuilt', summary(built)]];
}

function left({ campaignId, databaseId }: AudienceBuilt['data'], plan: BuildPlanned['data']): LeftIntegration {
  return { campaignId, databaseId, cause: 'build', profiles: plan.leavers, count: plan.leaverCount };
}

function entered(
  { campaignId, databaseId, epoch }: AudienceBuilt['data'],
  plan: BuildPlanned['data'],
  label: BuildLabelled['data'] | undefined,
): EnteredIntegration {
  if (!label) throw new Error(`the labels of block ${String(plan.block)} are not in the stream`);
  const { control, controlCount } = label;
  const { newcomers: profiles, count } = plan;
  return { campaignId, databaseId, epoch, cause: 'build', profiles, count, control, controlCount };
}

function summary(built: AudienceBuilt['data']): AudienceBuiltIntegration {
  const { campaignId, databaseId, buildId, epoch, members, control, entered, left } = built;
  return { campaignId, databaseId, buildId, epoch, members, control, entered, left };
}

/** What the run of this closing event recorded, read backwards to where it started. */
async function recordOf(
  { stream, revision }: StoredEvent,
  { runId }: AudienceBuilt['data'],
  readBack: ReadBack,
): Promise<{ plans: Map<number, BuildPlanned['data']>; labels: Map<number, BuildLabelled['data']> }> {
  const plans = new Map<number, BuildPlanned['data']>();
  const labels = new Map<number, BuildLabelled['data']>();
  let started = false;
  for (let to = revision - 1; to >= 0 && !started; to -= WINDOW) {
    for await (const stored of readBack(stream, Math.max(0, to - WINDOW + 1), to)) {
      if (stored.type === NOTED) continue;
      const event = audienceEvents.read(stored);
      if (!('runId' in event.data) || event.data.runId !== runId) continue;
      if (event.type === 'AudienceBuildStarted') started = true;
      else if (event.type === 'BuildPlanned') plans.set(event.data.block, event.data);
      else if (event.type === 'BuildLabelled') labels.set(event.data.block, event.data);
    }
  }
  return { plans, labels };
}
