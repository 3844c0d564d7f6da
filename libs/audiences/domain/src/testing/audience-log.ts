import type { AudienceEvent } from '@muster/audiences-events';
import type { LcgSettings, StratificationReference } from '@muster/contracts';
import { blockOf, ProfileSet } from '@muster/profile-set';
import type { AudienceBlock, AudienceCommand, AudienceHead, GroupSettings, SegmentBlock } from '../audience';
import { audience } from '../audience.decider';
import { hasControlToRelease, needsLabels } from '../build-audience';

/** Thrown in the place of an append: the process is gone, the log stays. */
export class Crash extends Error {}

interface Folded {
  head: AudienceHead;
  readonly blocks: Map<number, AudienceBlock>;
  events: number;
}

/** An audience in memory that knows nothing but its log: a process that crashed folds it from the first event. */
export class AudienceLog {
  readonly events: AudienceEvent[] = [];
  /** Appends that may still be made before the process "crashes". */
  appendsLeft = Infinity;
  private folded: Folded = nothingFolded();

  state(): { readonly head: AudienceHead; readonly blocks: ReadonlyMap<number, AudienceBlock> } {
    const { folded } = this;
    for (const event of this.events.slice(folded.events)) {
      folded.head = audience.evolveHead(folded.head, event);
      for (const number of audience.changes(event)) {
        const block = folded.blocks.get(number) ?? audience.initialBlock();
        folded.blocks.set(number, audience.evolveBlock(block, number, event));
      }
      folded.events++;
    }
    return folded;
  }

  handle(command: AudienceCommand): readonly AudienceEvent[] {
    const { head, blocks } = this.state();
    const touched = audience.touches(command, head);
    const given = new Map([...blocks].filter(([number]) => touched === 'all' || touched.includes(number)));
    const decided = audience.decide(command, head, new Map([...given].sort(([a], [b]) => a - b)));
    if (decided.length > 0 && this.appendsLeft-- <= 0) {
      this.folded = nothingFolded();
      throw new Crash();
    }
    // as a store gives them back
    this.events.push(...(JSON.parse(JSON.stringify(decided)) as AudienceEvent[]));
    return decided;
  }

  /** Which profile is in which group. */
  groups(): Map<number, 'test' | 'control'> {
    const groups = new Map<number, 'test' | 'control'>();
    for (const { members, control } of this.state().blocks.values()) {
      for (const profile of members) groups.set(profile, control.has(profile) ? 'control' : 'test');
      for (const profile of control) if (!members.has(profile)) throw new Error('control without being a member');
    }
    return new Map([...groups].sort(([a], [b]) => a - b));
  }
}

function nothingFolded(): Folded {
  return { head: audience.initialHead(), blocks: new Map(), events: 0 };
}

export interface BuildRequest extends GroupSettings {
  readonly buildId: string;
  readonly segment: ReadonlySet<number>;
  readonly segmentRevision: number;
  readonly codeOf: (profile: number) => number;
  readonly seed: string;
  /** Blocks in one append of the plan. */
  readonly chunk: number;
}

const SMALL = 1;

/** A build as its worker drives it, from wherever the log stands. */
export function runBuild(log: AudienceLog, request: BuildRequest): void {
  const runId = `${request.buildId}-run`;
  if (log.state().head.closedBuildId === request.buildId) return;
  if (!log.state().head.build) log.handle(startOf(request, runId));
  const planned = log.state().head.build?.planned.at(-1) ?? -1;
  const rest = segmentBlocks(log, request).filter(({ block }) => block > planned);
  for (let i = 0; i < rest.length; i += request.chunk) {
    log.handle({ type: 'PlanBlocks', runId, blocks: rest.slice(i, i + request.chunk) });
  }
  while (needsLabels(log.state().head)) log.handle({ type: 'LabelBuild', runId, seed: request.seed, budget: SMALL });
  while (hasControlToRelease(log.state().head)) log.handle({ type: 'ReleaseControl', runId, budget: SMALL });
  log.handle({ type: 'CloseBuild', runId, seed: request.seed });
}

export function startOf(request: BuildRequest, runId: string): Extract<AudienceCommand, { type: 'StartBuild' }> {
  const { buildId, segmentRevision, lcg, stratification } = request;
  return {
    type: 'StartBuild',
    campaignId: 'c-1',
    databaseId: 'db-1',
    segmentId: 's-1',
    buildId,
    runId,
    segmentRevision,
    lcg,
    stratification,
  };
}

function segmentBlocks(log: AudienceLog, { segment, codeOf }: BuildRequest): SegmentBlock[] {
  const all = ProfileSet.of(segment);
  const numbers = new Set([...all.blocks(), ...log.state().head.blocks]);
  return [...numbers]
    .sort((a, b) => a - b)
    .map((block) => {
      const members = all.block(block);
      return { block, members, codes: Uint16Array.from(members.toArray(), codeOf) };
    });
}

export interface ChangeRequest {
  readonly entered: readonly number[];
  readonly left: readonly number[];
  readonly segmentRevision: number;
  readonly codeOf: (profile: number) => number;
  readonly seed: string;
  readonly chunk: number;
}

/** The newcomers of a change as they are staged before its first append. */
export function newcomersOf(log: AudienceLog, entered: readonly number[]): ProfileSet {
  const groups = log.groups();
  return ProfileSet.of(entered.filter((profile) => !groups.has(profile)));
}

/** A change of the segment as its worker drives it, from wherever the log stands. */
export function runChange(
  log: AudienceLog,
  request: ChangeRequest,
  newcomers = newcomersOf(log, request.entered),
): void {
  const { segmentRevision, seed, chunk } = request;
  if (log.state().head.segmentRevision >= segmentRevision) return;
  const left = ProfileSet.of(request.left);
  const codes = Uint16Array.from(newcomers.toArray(), request.codeOf);
  const { change } = log.state().head;
  const done = change?.segmentRevision === segmentRevision ? change.block : -1;
  const rest = [...new Set([...newcomers, ...left].map(blockOf))].sort((a, b) => a - b).filter((block) => block > done);
  for (let i = 0; i === 0 || i < rest.length; i += chunk) {
    const blocks = rest.slice(i, i + chunk);
    const closes = i + chunk >= rest.length;
    log.handle({ type: 'ApplySegmentChange', segmentRevision, newcomers, codes, left, blocks, closes, seed });
  }
}

export function lcg(basisPoints: number | null, count: number | null = null): LcgSettings {
  return { basisPoints, count };
}

export function stratification(strata: number, salt = 'a'): StratificationReference {
  return {
    hash: salt.repeat(64).slice(0, 64),
    strata: Array.from({ length: strata }, (_, i) => `${salt}${String(i)}`.padStart(16, '0')),
  };
}
