import {
  audienceEvents,
  type AudienceBuilt,
  type AudienceEvent,
  type BuildLabelled,
  type BuildPlanned,
  type EpochOpened,
  type ProfilesChangedGroup,
  type ProfilesEnteredCampaign,
  type ProfilesLeftCampaign,
} from '@muster/audiences-events';
import { unreachable } from '@muster/kernel';
import type { StoredEvent } from '@muster/event-store';
import { decodeCodes, ProfileSet } from '@muster/profile-set';
import type { PoolClient } from 'pg';
import { bytea, fromBase64 } from '../rows';
import { loadHead, TallyChange, type AudienceHead } from './audience-head';
import { AudienceTables, type ChangeRow } from './audience-tables';
import { ONE_EPOCH } from './block-state';

interface Entry {
  readonly cause?: string;
  readonly entered?: number;
  readonly left?: number;
  readonly changed?: number;
  readonly part?: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * Applies events of audiences to the tables, in order. What it has loaded and not yet written is kept until `flush`;
 * how many events lie between two flushes makes no difference to the rows.
 */
export class AudienceWriter {
  private readonly heads = new Map<string, AudienceHead>();
  private readonly tables: AudienceTables;

  constructor(private readonly client: PoolClient) {
    this.tables = new AudienceTables(client);
  }

  async apply(stored: StoredEvent): Promise<void> {
    const event = audienceEvents.read(stored);
    const head = await this.head(event.data.campaignId);
    const { time } = stored.metadata;
    if (time > head.maxAt) head.maxAt = time;
    const entry = await this.change(event, head, stored);
    if (entry) this.log(stored, head, entry);
  }

  flush(): Promise<void> {
    return this.tables.flush(this.heads.values());
  }

  private async head(campaignId: string): Promise<AudienceHead> {
    const known = this.heads.get(campaignId);
    if (known) return known;
    const head = await loadHead(this.client, campaignId);
    this.heads.set(campaignId, head);
    return head;
  }

  private async change(event: AudienceEvent, head: AudienceHead, stored: StoredEvent): Promise<Entry | null> {
    const { type, data } = event;
    switch (type) {
      case 'AudienceBuildStarted': {
        const { buildId, runId, databaseId, segmentId, segmentRevision } = data;
        Object.assign(head, { databaseId, segmentId, buildId, runId });
        return { details: { buildId, runId, segmentRevision } };
      }
      case 'BuildPlanned':
        this.plan(data);
        return null;
      case 'BuildLabelled':
        this.label(data);
        return null;
      case 'EpochOpened':
        await this.openEpoch(data, head, stored);
        return { details: { epoch: data.epoch, seed: data.seed, algorithm: data.algorithm, lcg: data.lcg } };
      case 'AudienceBuilt':
        return this.build(data, head, stored);
      case 'BuildAbandoned': {
        if (data.cancelled && head.state === 'active') head.state = 'paused';
        Object.assign(head, { buildId: null, runId: null });
        await this.tables.dropPlan(head.campaignId);
        return { details: { buildId: data.buildId, runId: data.runId, cancelled: data.cancelled } };
      }
      case 'AudienceBuildFailed':
        return { details: { buildId: data.buildId, reason: data.reason } };
      case 'ProfilesEnteredCampaign':
        return this.enter(data, head, stored);
      case 'ProfilesLeftCampaign':
        return this.leave(data, head, stored);
      case 'ProfilesChangedGroup':
        return this.release(data, head, stored);
      case 'SegmentChangeApplied': {
        const { segmentRevision, entered, left } = data;
        return { cause: 'segment', entered, left, details: { segmentRevision } };
      }
      case 'AudiencePaused':
        head.state = 'paused';
        return {};
      case 'AudienceExcluded':
        head.state = 'excluded';
        return { cause: 'completed', left: data.left };
      default:
        return unreachable(event);
    }
  }

  private plan(data: BuildPlanned['data']): void {
    this.tables.plans.add({
      campaign_id: data.campaignId,
      run_id: data.runId,
      block: data.block,
      newcomers: fromBase64(data.newcomers),
      newcomer_count: data.count,
      codes: fromBase64(data.codes),
      leavers: fromBase64(data.leavers),
      leaver_count: data.leaverCount,
      control: null,
      strata: '[]',
    });
  }

  private label({ campaignId, runId, block, control, strata }: BuildLabelled['data']): void {
    this.tables.labels.push({ campaignId, runId, block, control: fromBase64(control), strata: JSON.stringify(strata) });
  }

  /** Inside a build the epoch holds from the closing event on. */
  private async openEpoch(data: EpochOpened['data'], head: AudienceHead, stored: StoredEvent): Promise<void> {
    const pending = head.runId !== null;
    await this.client.query('INSERT INTO audience_epoch VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
      head.campaignId,
      data.epoch,
      pending ? null : stored.position,
      data.seed,
      data.algorithm,
      data.lcg?.basisPoints ?? null,
      data.lcg?.count ?? null,
      data.stratification?.hash ?? null,
      data.stratification?.strata ?? null,
    ]);
    if (!pending) head.epoch = data.epoch;
  }

  /** The plan and its labels become members. Blocks that the audience was not in are copied inside Postgres. */
  private async build(data: AudienceBuilt['data'], head: AudienceHead, stored: StoredEvent): Promise<Entry> {
    await this.tables.flush([]);
    const { campaignId, runId, databaseId, epoch } = data;
    const { position, metadata } = stored;
    const tallies = new TallyChange(head);
    const at = { campaignId, databaseId, runId, epoch, position, time: metadata.time };
    for (const plan of await this.tables.settlePlan(at, bytea(ONE_EPOCH))) {
      tallies.enter(plan.strata.map(({ code, n, c }) => ({ epoch, code, test: n - c, control: c })));
      if (!plan.members) continue;
      const state = await this.tables.block(campaignId, plan.block);
      const { newcomers, leavers, codes, control, newcomerCount } = plan.members;
      const leaving = ProfileSet.decode(leavers);
      tallies.leave(state.presence(leaving));
      state.leave(leaving);
      state.enter({
        profiles: ProfileSet.decode(newcomers),
        codes: decodeCodes(codes, newcomerCount),
        control: control ? ProfileSet.decode(control) : ProfileSet.empty(),
        epoch,
      });
      this.tables.touch(campaignId, plan.block, position);
    }
    tallies.assign(epoch, data.strata);
    this.tallied(head, stored, tallies);
    Object.assign(head, { state: 'active', buildId: null, runId: null, epoch });
    Object.assign(head, { databaseId, members: data.members, control: data.control });
    await this.client.query(
      'UPDATE audience_epoch SET position = $3 WHERE campaign_id = $1 AND epoch = $2 AND position IS NULL',
      [campaignId, epoch, position],
    );
    await this.tables.dropPlan(campaignId);
    return { cause: 'build', entered: data.entered, left: data.left, details: { buildId: data.buildId, epoch } };
  }

  private async enter(data: ProfilesEnteredCampaign['data'], head: AudienceHead, stored: StoredEvent): Promise<Entry> {
    const { campaignId, block, epoch, cause, count, controlCount, segmentRevision } = data;
    const state = await this.tables.block(campaignId, block);
    const profiles = ProfileSet.decodeBase64(data.profiles);
    const [codes, control] = [fromBase64(data.codes), fromBase64(data.control)];
    state.enter({ profiles, codes: decodeCodes(codes, count), control: ProfileSet.decode(control), epoch });
    const tallies = new TallyChange(head);
    tallies.enter(state.presence(profiles));
    tallies.assign(epoch, data.strata);
    this.tallied(head, stored, tallies);
    head.members += count;
    head.control += controlCount;
    const entered = { entered: bytea(profiles.encode()), entered_count: count, codes, control, epoch };
    this.changed(head, stored, { ...data, ...entered, batch: batchOf(segmentRevision, stored) });
    return { cause, entered: count, part: segmentRevision !== undefined, details: { epoch } };
  }

  private async leave(data: ProfilesLeftCampaign['data'], head: AudienceHead, stored: StoredEvent): Promise<Entry> {
    const { campaignId, block, cause, count, controlCount, segmentRevision } = data;
    const state = await this.tables.block(campaignId, block);
    const profiles = ProfileSet.decodeBase64(data.profiles);
    const tallies = new TallyChange(head);
    tallies.leave(state.presence(profiles));
    state.leave(profiles);
    this.tallied(head, stored, tallies);
    head.members -= count;
    head.control -= controlCount;
    const batch = batchOf(segmentRevision, stored);
    this.changed(head, stored, { ...data, batch, left_members: bytea(profiles.encode()) });
    return { cause, left: count, part: segmentRevision !== undefined || cause === 'completed' };
  }

  private async release(data: ProfilesChangedGroup['data'], head: AudienceHead, stored: StoredEvent): Promise<Entry> {
    const { campaignId, block, cause, count } = data;
    const state = await this.tables.block(campaignId, block);
    const profiles = ProfileSet.decodeBase64(data.profiles);
    const tallies = new TallyChange(head);
    tallies.leave(state.presence(profiles));
    state.release(profiles);
    tallies.enter(state.presence(profiles));
    this.tallied(head, stored, tallies);
    head.control -= count;
    this.changed(head, stored, { ...data, batch: stored.position, to_test: bytea(profiles.encode()) });
    return { cause, changed: count };
  }

  private changed(
    { campaignId, databaseId, epoch }: AudienceHead,
    { position, metadata }: StoredEvent,
    row: Partial<ChangeRow> & { readonly block: number; readonly cause: string; readonly batch: string },
  ): void {
    const { block, cause, batch } = row;
    if (databaseId === null) throw new Error(`audience ${campaignId} changed before its first build`);
    this.tables.changes.add({
      campaign_id: campaignId,
      block,
      position,
      database_id: databaseId,
      at: metadata.time,
      cause,
      batch,
      epoch: row.epoch ?? epoch,
      entered: row.entered ?? null,
      entered_count: row.entered_count ?? 0,
      codes: row.codes ?? null,
      control: row.control ?? null,
      left_members: row.left_members ?? null,
      to_test: row.to_test ?? null,
    });
    this.tables.touch(campaignId, block, position);
  }

  private tallied({ campaignId }: AudienceHead, { position }: StoredEvent, tallies: TallyChange): void {
    for (const tally of tallies.rows()) {
      this.tables.strata.add({
        campaign_id: campaignId,
        epoch: tally.epoch,
        code: tally.code,
        position,
        assigned: tally.assigned,
        assigned_control: tally.assignedControl,
        present_test: tally.presentTest,
        present_control: tally.presentControl,
      });
    }
  }

  private log({ position, type, metadata }: StoredEvent, head: AudienceHead, entry: Entry): void {
    this.tables.log.add({
      campaign_id: head.campaignId,
      position,
      at: metadata.time,
      max_at: head.maxAt,
      actor: JSON.stringify(metadata.actor),
      type,
      cause: entry.cause ?? null,
      entered: entry.entered ?? 0,
      left_count: entry.left ?? 0,
      changed: entry.changed ?? 0,
      part: entry.part ?? false,
      details: JSON.stringify(entry.details ?? {}),
      status: head.buildId === null ? head.state : 'building',
      epoch: head.epoch,
      members: head.members,
      control: head.control,
    });
  }
}

/** All newcomers of one change of the segment are drawn at once, in however many events they stand. */
function batchOf(segmentRevision: number | undefined, { position }: StoredEvent): string {
  return segmentRevision === undefined ? position : `segment ${String(segmentRevision)}`;
}
