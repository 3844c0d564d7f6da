import { blockOf } from '@muster/profile-set';
import type { Group } from '@muster/contracts';
import { Injectable } from '@nestjs/common';
import { AudienceRecord, type Moment } from './audience-record';
import { AudienceStrata, type EpochStrata, type StratumName } from './audience-strata';
import type { BlockState } from './block-state';

export interface MemberFilter {
  readonly group?: Group;
  /** Stratum hash. */
  readonly stratum?: string;
}

/** A member with what the record knows of it. */
export interface AudienceMember {
  readonly profileNumber: number;
  readonly group: Group;
  readonly stratum: StratumName;
  readonly epoch: number;
}

export interface EnteredMember extends AudienceMember {
  readonly cause: string;
  readonly enteredAt: string;
}

/** Pages through the members of an audience by profile number; decodes the blocks that a page touches and no other. */
@Injectable()
export class AudienceMembers {
  constructor(
    private readonly record: AudienceRecord,
    private readonly strata: AudienceStrata,
  ) {}

  /** At most `limit` members above `after` (-1: from the first on). */
  async page(moment: Moment, filter: MemberFilter, after: number, limit: number): Promise<readonly EnteredMember[]> {
    const found: EnteredMember[] = [];
    for await (const { block, members } of this.parts(moment, filter, after, limit)) {
      const rest = members.slice(0, limit - found.length);
      const numbers = rest.map((member) => member.profileNumber);
      const entries = await this.record.entriesOf(moment.campaignId, block, moment.position, numbers);
      for (const member of rest) {
        const entry = entries.get(member.profileNumber);
        if (!entry) throw new Error(`member ${String(member.profileNumber)} has never entered ${moment.campaignId}`);
        found.push({ ...member, cause: entry.cause, enteredAt: entry.at.toISOString() });
      }
      if (found.length >= limit) break;
    }
    return found;
  }

  /** The members above `after` block by block, at most `most` of each. */
  async *parts(
    { campaignId, position }: Moment,
    filter: MemberFilter,
    after: number,
    most = Infinity,
  ): AsyncGenerator<{ readonly block: number; readonly members: readonly AudienceMember[] }> {
    const strata = await this.strata.of(campaignId, position);
    const codes = filter.stratum === undefined ? null : strata.codesOf(filter.stratum);
    for (const block of await this.record.blocksFrom(campaignId, blockOf(after + 1))) {
      const state = await this.record.block(campaignId, block, position);
      const numbers = state.members.toArray();
      const places = placesOf(state, numbers, filter.group, codes, after, most);
      const members = places.map((at) => memberAt(state, numbers[at]!, at, strata));
      if (members.length > 0) yield { block, members };
    }
  }
}

/** Places in the block of the first members that are wanted. */
function placesOf(
  { members, control, codes, epochs }: BlockState,
  numbers: Uint32Array,
  group: Group | undefined,
  wanted: ReadonlyMap<number, number> | null,
  after: number,
  most: number,
): number[] {
  const candidates = group === undefined ? members : group === 'control' ? control : members.difference(control);
  const found: number[] = [];
  let at = members.rank(after + 1);
  // a stratum may hold anyone, so that everyone has to be looked at; else the first so many are enough
  const reach = wanted === null ? Math.min(most, candidates.size) : candidates.size;
  for (const number of candidates.page(after < 0 ? undefined : after, reach)) {
    while (numbers[at] !== number) at++;
    if (wanted === null || wanted.get(epochs[at]!) === codes[at]) found.push(at);
    if (found.length >= most) break;
  }
  return found;
}

function memberAt(
  { control, codes, epochs }: BlockState,
  profileNumber: number,
  at: number,
  strata: EpochStrata,
): AudienceMember {
  const epoch = epochs[at]!;
  return {
    profileNumber,
    group: control.has(profileNumber) ? 'control' : 'test',
    stratum: strata.name(epoch, codes[at]!),
    epoch,
  };
}
