import type { Aggregates } from '@muster/aggregates';
import { DomainError, SYSTEM, type Clock, type CommandContext } from '@muster/kernel';
import type { EventStore } from '@muster/event-store';
import { AGGREGATES, CLOCK, EVENT_STORE, crashPoint } from '@muster/platform';
import {
  existingSegment,
  replaceMembers,
  type ClosedChange,
  type ExistingSegment,
  type MembersHead,
  type RunInProgress,
} from '@muster/segments-domain';
import { segmentEvents, type SegmentMembersEvent } from '@muster/segments-events';
import { inSpan } from '@muster/tracing';
import { Inject, Injectable } from '@nestjs/common';
import { SegmentSelection } from '../segments/segment-selection';
import { segmentAggregate, segmentMembersAggregate } from '../segments/segment.aggregates';
import { packed } from './packed';
import { StagedChunks } from './staged-chunks';

/** Attempts at a run whose members were changed by others while it evaluated. */
const ATTEMPTS = 5;

interface Start {
  readonly context: CommandContext;
  readonly traceparent: string | undefined;
}

/** Carries out the run that a segment has in progress; can be called again at any time, after a crash too. */
@Injectable()
export class SegmentRun {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly selection: SegmentSelection,
    private readonly staged: StagedChunks,
  ) {}

  async execute(segmentId: string): Promise<void> {
    const { state } = await this.aggregates.load(segmentAggregate, segmentId);
    const segment = existingSegment(state);
    const { run } = segment;
    if (!run) return;
    const { context, traceparent } = await this.startOf(segmentId, run.runId);
    const attributes = { 'muster.aggregate': segmentId, 'muster.correlation_id': context.correlationId };
    await inSpan({ name: 'work segments.recalculation', attributes, from: { traceparent } }, () =>
      this.carryOut(segment, run, context),
    );
  }

  private async carryOut(segment: ExistingSegment, run: RunInProgress, context: CommandContext): Promise<void> {
    const change = await this.changeMembers(segment, run, context);
    crashPoint('run.before-complete');
    const { added, removed, count: found } = change;
    await this.aggregates.handle(
      segmentAggregate,
      segment.segmentId,
      { type: 'CompleteRun', data: { runId: run.runId, found, added, removed } },
      { ...context, now: this.clock.now() },
    );
    await this.staged.drop(run.runId);
  }

  /** Ends the run with the reason; the members stay as they were. Answers the correlation id it belongs to. */
  async fail(segmentId: string, reason: string): Promise<string | undefined> {
    const { state } = await this.aggregates.load(segmentAggregate, segmentId);
    const { run } = existingSegment(state);
    if (!run) return undefined;
    const { context } = await this.startOf(segmentId, run.runId);
    await this.aggregates.handle(
      segmentAggregate,
      segmentId,
      { type: 'FailRun', data: { runId: run.runId, reason } },
      context,
    );
    return context.correlationId;
  }

  private async changeMembers(
    segment: ExistingSegment,
    run: RunInProgress,
    context: CommandContext,
  ): Promise<ClosedChange> {
    for (let attempt = 1; ; attempt++) {
      const { head } = await this.aggregates.loadBlocks(segmentMembersAggregate, segment.segmentId, []);
      const done = head.recent.find(({ changeId }) => changeId === run.runId);
      if (done) return done;
      try {
        if (head.open?.changeId === run.runId) await this.finish(segment, run, head, context);
        else await this.evaluateAndAppend(segment, run, context);
      } catch (error) {
        if (!(error instanceof DomainError) || error.code !== 'REVISION_STALE' || attempt === ATTEMPTS) throw error;
      }
    }
  }

  private async evaluateAndAppend(
    segment: ExistingSegment,
    run: RunInProgress,
    context: CommandContext,
  ): Promise<void> {
    const { segmentId, databaseId } = segment;
    const found = await this.selection.evaluate(databaseId, run.selection, this.clock.now());
    const { head, blocks, revision } = await this.aggregates.loadBlocks(segmentMembersAggregate, segmentId, 'all');
    const change = { segmentId, databaseId, changeId: run.runId, cause: run.cause };
    const batches = packed(replaceMembers(change, found, head, blocks));
    if (batches.length > 1) await this.staged.stage(run.runId, batches);
    crashPoint('run.after-stage');
    await this.append(segment, run, batches, { ...context, expectedRevision: revision });
  }

  /** The first chunk is in the log: the rest is what was staged, and nothing is evaluated anew. */
  private async finish(
    segment: ExistingSegment,
    run: RunInProgress,
    head: MembersHead,
    context: CommandContext,
  ): Promise<void> {
    const batches = await this.staged.load(run.runId);
    let written = head.open?.chunks ?? 0;
    const rest: (readonly SegmentMembersEvent[])[] = [];
    for (const batch of batches) {
      if (written >= batch.length) written -= batch.length;
      else rest.push(batch);
    }
    await this.append(segment, run, rest, context);
  }

  private async append(
    { segmentId, databaseId }: ExistingSegment,
    { runId, cause }: RunInProgress,
    batches: readonly (readonly SegmentMembersEvent[])[],
    context: CommandContext,
  ): Promise<void> {
    const { expectedRevision, ...rest } = context;
    for (const [index, events] of batches.entries()) {
      const first = index === 0 && expectedRevision !== undefined;
      await this.aggregates.handleBlocks(
        segmentMembersAggregate,
        segmentId,
        { type: 'AppendChunks', data: { segmentId, databaseId, changeId: runId, cause, events } },
        { ...rest, ...(first && { expectedRevision }), now: this.clock.now() },
      );
      crashPoint('run.after-chunk');
    }
  }

  /** Who started the run, and the correlation and trace it belongs to. */
  private async startOf(segmentId: string, runId: string): Promise<Start> {
    const events = this.store.readStream(segmentEvents.stream(segmentId), { direction: 'backwards' });
    for await (const stored of events) {
      if (stored.type !== 'SegmentRunStarted') continue;
      const event = segmentEvents.read(stored);
      if (event.type !== 'SegmentRunStarted' || event.data.runId !== runId) continue;
      const { actor, correlationId, traceparent } = stored.metadata;
      return { context: { actor, correlationId, causationId: stored.id, now: this.clock.now() }, traceparent };
    }
    return { context: { actor: SYSTEM, correlationId: runId, now: this.clock.now() }, traceparent: undefined };
  }
}
