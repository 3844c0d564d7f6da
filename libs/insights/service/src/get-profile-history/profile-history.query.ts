import type { Group } from '@muster/contracts';
import { InjectPool } from '@muster/platform';
import { blockOf, decodeCodes, ProfileSet } from '@muster/profile-set';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { PublishedProfiles } from '../published/published-profiles';
import { stratumTallies } from '../read-models/audiences/audience-head';
import { AudienceRecord, type BlockChange } from '../read-models/audiences/audience-record';
import { AudienceStrata } from '../read-models/audiences/audience-strata';
import { drawOf, type Draw } from './draw';
import type { HistoryItemDto, ProfileHistoryDto, ReasonDto } from './profile-history.dto';

/** With what it is sorted by. */
type Placed = HistoryItemDto & { readonly position: string };

interface SegmentChange {
  readonly segmentId: string;
  readonly position: string;
  readonly at: Date;
  readonly cause: string;
  readonly entered: Buffer | null;
  readonly left: Buffer | null;
}

/** What happened to one profile, derived from the sets of its block. */
@Injectable()
export class ProfileHistory {
  constructor(
    @InjectPool('insights') private readonly pool: Pool,
    private readonly published: PublishedProfiles,
    private readonly record: AudienceRecord,
    private readonly strata: AudienceStrata,
  ) {}

  async of(databaseId: string, externalId: string): Promise<ProfileHistoryDto> {
    const profileNumber = await this.published.numberOf(databaseId, externalId);
    const events = [
      ...(await this.segments(databaseId, profileNumber)),
      ...(await this.campaigns(databaseId, profileNumber)),
      ...(await this.attributes(databaseId, profileNumber)),
    ];
    // of one instant: in the order of the log; of one position: a build lets leave before it lets enter
    events.reverse().sort((a, b) => compare(b.at, a.at) || compare(b.position, a.position));
    return { profileNumber, externalId, items: events.map(({ position: _, ...item }) => item) };
  }

  private async segments(databaseId: string, profile: number): Promise<Placed[]> {
    const { rows } = await this.pool.query<SegmentChange>(
      `SELECT segment_id AS "segmentId", position, at, cause, entered, left_members AS left
       FROM segment_change WHERE database_id = $1 AND block = $2 ORDER BY position`,
      [databaseId, blockOf(profile)],
    );
    const names = await this.names('segment', databaseId);
    return rows.flatMap((change): Placed[] => {
      const entered = holds(change.entered, profile);
      if (!entered && !holds(change.left, profile)) return [];
      const { segmentId, position, cause } = change;
      const name = names.get(segmentId) ?? '';
      const kind = entered ? 'entered_segment' : 'left_segment';
      const sentence = `${entered ? 'entered' : 'left'} segment ${name} (${cause})`;
      return [{ at: change.at.toISOString(), kind, segmentId, name, cause, sentence, position }];
    });
  }

  private async campaigns(databaseId: string, profile: number): Promise<Placed[]> {
    const names = await this.names('campaign', databaseId);
    const groups = new Map<string, Group>();
    const items: Placed[] = [];
    for (const change of await this.record.changesOfBlock(databaseId, blockOf(profile))) {
      const { campaignId, position, cause } = change;
      const name = names.get(campaignId) ?? '';
      const place = { at: change.at.toISOString(), campaignId, name, cause, position };
      if (holds(change.left, profile)) {
        const group = groups.get(campaignId) ?? 'test';
        items.push({ ...place, kind: 'left_campaign', group, sentence: `left campaign ${name} (${cause})` });
      }
      if (holds(change.toTest, profile)) {
        groups.set(campaignId, 'test');
        const sentence = `test: moved from the control group of campaign ${name} (${cause})`;
        items.push({ ...place, kind: 'changed_group', group: 'test', sentence });
      }
      if (holds(change.entered, profile)) {
        const reason = await this.reasonOf(profile, change);
        groups.set(campaignId, reason.group);
        const sentence = `entered campaign ${name} (${cause}); ${sentenceOf(reason)}`;
        items.push({ ...place, kind: 'entered_campaign', group: reason.group, reason, sentence });
      }
    }
    return items;
  }

  private async attributes(databaseId: string, profile: number): Promise<Placed[]> {
    const changes = await this.published.attributeChanges(databaseId, profile);
    return changes.map((change) => {
      const { field, source } = change;
      const sentence = `${field} changed (${source})`;
      const values = { old: change.old, new: change.new };
      return {
        at: change.at.toISOString(),
        kind: 'attribute_changed',
        field,
        cause: source,
        ...values,
        sentence,
        position: '',
      };
    });
  }

  private async reasonOf(profile: number, change: BlockChange): Promise<ReasonDto> {
    const { campaignId, epoch } = change;
    const code = codeOf(profile, change);
    const group = holds(change.control, profile) ? 'control' : 'test';
    const batch = await this.record.batch(campaignId, change.batch);
    const last = batch.reduce((latest, { position }) => (position > latest ? position : latest), change.position);
    const strata = await this.strata.of(campaignId, last);
    const settings = strata.epoch(epoch);
    const tallies = await stratumTallies(this.pool, campaignId, last);
    const tally = tallies.find((one) => one.epoch === epoch && one.code === code);
    const draw = settings && drawOf(profile, code, group === 'control', settings.seed, batch);
    return {
      group,
      epoch,
      stratum: strata.name(epoch, code),
      share: settings && (settings.basisPoints !== null || settings.count !== null) ? shareOf(settings) : null,
      counts: { assigned: tally?.assigned ?? 0, control: tally?.assignedControl ?? 0 },
      ...(draw && { draw }),
    };
  }

  private async names(table: 'segment' | 'campaign', databaseId: string): Promise<ReadonlyMap<string, string>> {
    const { rows } = await this.pool.query<{ id: string; name: string }>(
      `SELECT ${table}_id AS id, name FROM ${table} WHERE database_id = $1`,
      [databaseId],
    );
    return new Map(rows.map(({ id, name }) => [id, name]));
  }
}

/** `control: rank 12 of 310 in stratum married × tertiary, 46 were drawn` */
export function sentenceOf({ group, stratum, share, draw, counts }: ReasonDto): string {
  if (share === null) return `${group}: the local control group was off`;
  if (draw) return `${group}: ${rankIn(draw)} in stratum ${stratum.label}, ${String(draw.drawn)} were drawn`;
  return `${group}: in stratum ${stratum.label}, ${String(counts.control)} of ${String(counts.assigned)} are control`;
}

function rankIn({ rank, of }: Draw): string {
  return `rank ${String(rank)} of ${String(of)}`;
}

function shareOf({ basisPoints, count }: { readonly basisPoints: number | null; readonly count: number | null }) {
  return { percent: basisPoints === null ? null : basisPoints / 100, count };
}

function codeOf(profile: number, { entered, codes, enteredCount }: BlockChange): number {
  if (!entered || !codes) return 0;
  return decodeCodes(codes, enteredCount)[ProfileSet.decode(entered).rank(profile)] ?? 0;
}

function holds(bytes: Buffer | null, profile: number): boolean {
  return bytes !== null && ProfileSet.decode(bytes).has(profile);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
