import type { Aggregates } from '@muster/aggregates';
import type {
  MembershipPage,
  MembershipRequest,
  SegmentSummary,
  SegmentsApi,
  StratificationInput,
  StratificationReference,
  StratumDescription,
  UseOf,
} from '@muster/contracts';
import { DomainError, SYSTEM, derivedUuid, type Clock, type CommandContext, type IdGenerator } from '@muster/kernel';
import { AGGREGATES, CLOCK, IDS } from '@muster/platform';
import { existing, type SegmentCommand } from '@muster/segments-domain';
import { Inject, Injectable } from '@nestjs/common';
import { profileDatabaseAggregate } from '../profiles/profile-database.aggregate';
import { Profiles } from '../profiles/profiles';
import { SegmentRun } from '../segment-runs/segment-run';
import { SegmentMembership } from '../segments/segment-membership';
import { segmentAggregate } from '../segments/segment.aggregates';
import { Stratifications } from '../strata/stratifications';
import { MOST_EXTERNAL_IDS, tooManyProfiles } from './limits';

/** What other services ask of this one, answered in process. */
@Injectable()
export class LocalSegmentsApi implements SegmentsApi {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdGenerator,
    private readonly membershipOf: SegmentMembership,
    private readonly runs: SegmentRun,
    private readonly stratifications: Stratifications,
    private readonly profiles: Profiles,
  ) {}

  async segment(segmentId: string): Promise<SegmentSummary> {
    const { databaseId, name, kind, state } = await this.membershipOf.segment(segmentId);
    const count = await this.membershipOf.count(segmentId);
    return { segmentId, databaseId, name, kind, deleted: state === 'deleted', count };
  }

  async database(databaseId: string): Promise<{ readonly databaseId: string; readonly name: string }> {
    const { state } = await this.aggregates.load(profileDatabaseAggregate, databaseId);
    return { databaseId, name: existing(state).name };
  }

  async prepareMembership(segmentId: string, requestId: string): Promise<void> {
    const { kind, calculated, run } = await this.membershipOf.segment(segmentId);
    if (kind === 'scheduled' && !calculated) {
      throw new DomainError('SEGMENT_NOT_CALCULATED', { detail: 'The segment has had no completed run yet.' });
    }
    if (kind !== 'dynamic') return;
    const runId = derivedUuid(`${segmentId}/${requestId}`);
    if (run?.runId !== runId) {
      const command: SegmentCommand = { type: 'StartRun', data: { runId, cause: 'conditions' } };
      // The mark makes it one run per request: a repeat finds it started, or done.
      const mark = { kind: 'occurrence', id: runId } as const;
      await this.aggregates.handle(segmentAggregate, segmentId, command, { ...this.context(), mark });
    }
    await this.runs.execute(segmentId);
  }

  membership(request: MembershipRequest): Promise<MembershipPage> {
    return this.membershipOf.page(request);
  }

  strata(databaseId: string, stratificationHash: string, profiles: Uint32Array): Promise<Uint16Array> {
    return this.stratifications.strata(databaseId, stratificationHash, profiles);
  }

  async externalIdsOf(databaseId: string, numbers: readonly number[]): Promise<ReadonlyMap<number, string> | null> {
    if (numbers.length > MOST_EXTERNAL_IDS) throw tooManyProfiles(MOST_EXTERNAL_IDS);
    const { state } = await this.aggregates.load(profileDatabaseAggregate, databaseId);
    if (state.status !== 'deleted' && !existing(state).publishExternalIds) return null;
    return state.status === 'deleted' ? new Map() : this.stillThere(databaseId, numbers);
  }

  async registerSegmentUse(segmentId: string, user: UseOf): Promise<void> {
    const command: SegmentCommand = { type: 'RegisterUse', data: { user } };
    await this.aggregates.handle(segmentAggregate, segmentId, command, this.context());
  }

  async releaseSegmentUse(segmentId: string, user: UseOf): Promise<void> {
    const command: SegmentCommand = { type: 'ReleaseUse', data: { user } };
    await this.aggregates.handle(segmentAggregate, segmentId, command, this.context());
  }

  registerStratification(
    databaseId: string,
    input: StratificationInput,
    user: UseOf,
  ): Promise<StratificationReference> {
    return this.stratifications.register(databaseId, input, user, this.context());
  }

  describeStrata(stratificationHash: string): Promise<readonly StratumDescription[]> {
    return this.stratifications.describe(stratificationHash);
  }

  releaseFieldUses(databaseId: string, user: UseOf, keep: StratificationReference | null): Promise<void> {
    return this.stratifications.release(databaseId, user, keep, this.context());
  }

  /** The database may go while it is asked. */
  private async stillThere(databaseId: string, numbers: readonly number[]): Promise<ReadonlyMap<number, string>> {
    try {
      return await this.profiles.externalIdsOf(databaseId, numbers);
    } catch (error) {
      const { state } = await this.aggregates.load(profileDatabaseAggregate, databaseId);
      if (state.status === 'deleted') return new Map();
      throw error;
    }
  }

  private context(): CommandContext {
    return { actor: SYSTEM, correlationId: this.ids.next(), now: this.clock.now() };
  }
}
