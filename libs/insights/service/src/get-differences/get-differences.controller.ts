import type { Group } from '@muster/contracts';
import { DomainError } from '@muster/kernel';
import { ApiProblems, ReadsModel, Roles, cursorInvalid, pageCursor } from '@muster/platform';
import { ProfileSet } from '@muster/profile-set';
import { Controller, Get, Param, ParseUUIDPipe, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { PublishedProfiles } from '../published/published-profiles';
import { AudienceRecord } from '../read-models/audiences/audience-record';
import type { BlockState } from '../read-models/audiences/block-state';
import { DifferencesDto, DifferencesQuery, type CHANGES } from './differences.dto';

type Change = (typeof CHANGES)[number];
interface Difference {
  readonly profileNumber: number;
  readonly change: Change;
  readonly before: Group | null;
  readonly after: Group | null;
}

@ApiTags('insights')
@Controller('insights/audiences/:campaignId/differences')
export class GetDifferencesController {
  constructor(
    private readonly record: AudienceRecord,
    private readonly published: PublishedProfiles,
  ) {}

  @Get()
  @Roles('analyst', 'marketer')
  @ReadsModel('insights', 'audiences')
  @ApiOperation({ summary: 'Who entered, left and changed group between two instants' })
  @ApiOkResponse({ type: DifferencesDto })
  @ApiProblems('AUDIENCE_NOT_FOUND', 'AS_OF_INVALID', 'CURSOR_INVALID')
  async get(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Query() { from, to, change, limit, cursor }: DifferencesQuery,
  ): Promise<DifferencesDto> {
    const [before, after] = [await this.record.moment(campaignId, from), await this.record.moment(campaignId, to)];
    if (before.asOf !== null && after.asOf !== null && before.asOf > after.asOf) {
      throw new DomainError('AS_OF_INVALID', { detail: '`from` is later than `to`.' });
    }
    const last = cursor === undefined ? -1 : placeOf(cursor);
    const counts: Record<Change, number> = { entered: 0, left: 0, changed_group: 0 };
    const found: Difference[] = [];
    for (const block of await this.record.changedBlocks(campaignId, before.position, after.position)) {
      const differences = compare(
        await this.record.block(campaignId, block, before.position),
        await this.record.block(campaignId, block, after.position),
      );
      for (const [kind, profiles] of Object.entries(differences.sets) as [Change, ProfileSet][]) {
        counts[kind] += profiles.size;
      }
      if (found.length <= limit) found.push(...differences.list(change, last, limit + 1 - found.length));
    }
    const page = found.slice(0, limit);
    const numbers = page.map(({ profileNumber }) => profileNumber);
    const profiles = await this.published.byNumber(after.databaseId, numbers, []);
    const end = found.length > limit ? numbers.at(-1) : undefined;
    return {
      counts: { entered: counts.entered, left: counts.left, changedGroup: counts.changed_group },
      items: page.map((one) => ({ ...one, externalId: profiles.get(one.profileNumber)?.externalId ?? null })),
      nextCursor: end === undefined ? null : pageCursor.encode({ after: end }),
      fromPosition: before.position,
      toPosition: after.position,
    };
  }
}

function placeOf(cursor: string): number {
  const { after } = pageCursor.decode(cursor);
  if (typeof after !== 'number' || !Number.isInteger(after) || after < 0) throw cursorInvalid();
  return after;
}

/** One block at two moments. */
function compare(before: BlockState, after: BlockState) {
  const sets: Record<Change, ProfileSet> = {
    entered: after.members.difference(before.members),
    left: before.members.difference(after.members),
    changed_group: before.control.symmetricDifference(after.control).intersect(before.members).intersect(after.members),
  };
  const kinds = Object.keys(sets) as Change[];
  return {
    sets,
    list(only: Change | undefined, last: number, most: number): Difference[] {
      const wanted = ProfileSet.unionOf(only ? [sets[only]] : Object.values(sets));
      return wanted.page(last < 0 ? undefined : last, most).map((profileNumber) => ({
        profileNumber,
        change: kinds.find((kind) => sets[kind].has(profileNumber))!,
        before: groupIn(before, profileNumber),
        after: groupIn(after, profileNumber),
      }));
    },
  };
}

function groupIn({ members, control }: BlockState, profile: number): Group | null {
  if (!members.has(profile)) return null;
  return control.has(profile) ? 'control' : 'test';
}
