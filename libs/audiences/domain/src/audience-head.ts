import type { AudienceEvent } from '@muster/audiences-events';
import { unreachable } from '@muster/kernel';
import { strataCount, type AudienceHead, type Epoch, type RunningBuild, type RunningChange } from './audience';
import { releasesControl } from './group-settings';
import { addTo, copyOf, noTallies, setIn } from './tallies';

type EventOf<T extends AudienceEvent['type']> = Extract<AudienceEvent, { type: T }>['data'];

export function initialHead(): AudienceHead {
  return {
    status: 'empty',
    campaignId: null,
    databaseId: null,
    segmentId: null,
    settings: null,
    epoch: null,
    epochsOpened: 0,
    segmentRevision: -1,
    members: 0,
    control: 0,
    blocks: [],
    build: null,
    lastBuildId: null,
    buildSteps: 0,
    closedBuildId: null,
    change: null,
    excluded: { left: 0, block: -1 },
  };
}

/** Mutates the head it is handed. */
export function evolveHead(head: AudienceHead, event: AudienceEvent): AudienceHead {
  switch (event.type) {
    case 'AudienceBuildStarted':
      startBuild(head, event.data);
      break;
    case 'BuildPlanned':
      plan(head, event.data);
      break;
    case 'EpochOpened':
      openEpoch(head, event.data);
      break;
    case 'BuildLabelled':
      label(head, event.data);
      break;
    case 'AudienceBuilt':
      close(head, event.data);
      break;
    case 'BuildAbandoned':
      abandon(head, event.data);
      break;
    case 'AudienceBuildFailed':
      head.campaignId = event.data.campaignId;
      countStep(head, event.data.buildId);
      break;
    case 'ProfilesEnteredCampaign':
      enter(head, event.data);
      break;
    case 'ProfilesLeftCampaign':
      leave(head, event.data);
      break;
    case 'ProfilesChangedGroup':
      head.control -= event.data.count;
      head.buildSteps += 1;
      break;
    case 'SegmentChangeApplied':
      head.segmentRevision = event.data.segmentRevision;
      head.change = null;
      break;
    case 'AudiencePaused':
      head.status = 'paused';
      break;
    case 'AudienceExcluded':
      head.status = 'excluded';
      break;
    default:
      return unreachable(event);
  }
  return head;
}

function startBuild(head: AudienceHead, data: EventOf<'AudienceBuildStarted'>): void {
  head.campaignId = data.campaignId;
  head.databaseId = data.databaseId;
  head.segmentId = data.segmentId;
  countStep(head, data.buildId);
  head.build = {
    buildId: data.buildId,
    runId: data.runId,
    segmentRevision: data.segmentRevision,
    lcg: data.lcg,
    stratification: data.stratification,
    planned: [],
    changed: [],
    labelled: [],
    newcomers: 0,
    newControl: 0,
    leavers: 0,
    leaverControl: 0,
    epoch: null,
    tallies: noTallies(strataCount(data.stratification)),
  };
}

/** All runs and failures of a build are counted together. */
function countStep(head: AudienceHead, buildId: string): void {
  head.buildSteps = head.lastBuildId === buildId ? head.buildSteps + 1 : 1;
  head.lastBuildId = buildId;
}

function abandon(head: AudienceHead, data: EventOf<'BuildAbandoned'>): void {
  head.build = null;
  countStep(head, data.buildId);
  if (!data.cancelled) return;
  head.closedBuildId = data.buildId;
  if (head.status === 'active') head.status = 'paused';
}

function runningBuild(head: AudienceHead): RunningBuild {
  if (!head.build) throw new Error('an event of a build stands outside of a build');
  head.buildSteps += 1;
  return head.build;
}

function plan(head: AudienceHead, data: EventOf<'BuildPlanned'>): void {
  const build = runningBuild(head);
  build.planned.push(data.block);
  if (data.count + data.leaverCount > 0) build.changed.push(data.block);
  build.newcomers += data.count;
  build.leavers += data.leaverCount;
  build.leaverControl += data.leaverControlCount;
}

function openEpoch(head: AudienceHead, data: EventOf<'EpochOpened'>): void {
  const { build } = head;
  const kept = build === null ? head.control : head.control - build.leaverControl;
  const epoch: Epoch = {
    number: data.epoch,
    seed: data.seed,
    lcg: data.lcg,
    stratification: data.stratification,
    carried: build !== null && releasesControl(head.settings, build) ? 0 : kept,
    tallies: noTallies(strataCount(data.stratification)),
  };
  head.epochsOpened = data.epoch;
  if (build === null) head.epoch = epoch;
  else runningBuild(head).epoch = epoch;
}

function label(head: AudienceHead, data: EventOf<'BuildLabelled'>): void {
  const build = runningBuild(head);
  build.labelled.push(data.block);
  build.newControl += data.controlCount;
  addTo(build.tallies, data.strata);
}

function close(head: AudienceHead, data: EventOf<'AudienceBuilt'>): void {
  const build = runningBuild(head);
  head.status = 'active';
  head.settings = { lcg: build.lcg, stratification: build.stratification };
  head.segmentRevision = build.segmentRevision;
  head.members = data.members;
  head.control = data.control;
  if (build.epoch) head.epoch = build.epoch;
  if (head.epoch) setIn(head.epoch.tallies, data.strata);
  head.blocks = ascending([...head.blocks, ...build.changed]);
  head.closedBuildId = build.buildId;
  head.build = null;
  head.change = null;
}

function enter(head: AudienceHead, data: EventOf<'ProfilesEnteredCampaign'>): void {
  if (!head.epoch) throw new Error('profiles entered before the first epoch');
  const change = runningChange(head, data);
  if (change) change.entered += data.count;
  setIn(head.epoch.tallies, data.strata);
  head.members += data.count;
  head.control += data.controlCount;
  if (!head.blocks.includes(data.block)) head.blocks = ascending([...head.blocks, data.block]);
}

function leave(head: AudienceHead, data: EventOf<'ProfilesLeftCampaign'>): void {
  const change = runningChange(head, data);
  if (change) change.left += data.count;
  head.members -= data.count;
  head.control -= data.controlCount;
  if (data.cause === 'completed') head.excluded = { left: head.excluded.left + data.count, block: data.block };
}

/** Begun by its first event. */
function runningChange(
  head: AudienceHead,
  { segmentRevision, block }: { segmentRevision?: number; block: number },
): RunningChange | null {
  if (segmentRevision === undefined) return null;
  if (head.change?.segmentRevision !== segmentRevision) {
    head.change = { segmentRevision, base: baseOf(head), events: 0, block: -1, entered: 0, left: 0 };
  }
  head.change.events += 1;
  head.change.block = Math.max(head.change.block, block);
  return head.change;
}

function baseOf(head: AudienceHead): RunningChange['base'] {
  return copyOf(head.epoch?.tallies ?? noTallies(1));
}

function ascending(blocks: readonly number[]): number[] {
  return [...new Set(blocks)].sort((a, b) => a - b);
}
