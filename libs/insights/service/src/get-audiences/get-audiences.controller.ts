import { ApiProblems, ReadsModel, Roles, cursorInvalid, pageCursor } from '@muster/platform';
import { Controller, Get, Param, ParseUUIDPipe, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { PublishedProfiles } from '../published/published-profiles';
import { AudienceMembers, type MemberFilter } from '../read-models/audiences/audience-members';
import { AudienceRecord, type Moment } from '../read-models/audiences/audience-record';
import { AudienceStrata } from '../read-models/audiences/audience-strata';
import { AsOfQuery, AudienceDto, MembersPageDto, MembersQuery } from './audiences.dto';

@ApiTags('insights')
@Controller('insights/audiences/:campaignId')
export class GetAudiencesController {
  constructor(
    private readonly record: AudienceRecord,
    private readonly strata: AudienceStrata,
    private readonly audience: AudienceMembers,
    private readonly published: PublishedProfiles,
  ) {}

  @Get()
  @Roles('analyst', 'marketer')
  @ReadsModel('insights', 'audiences')
  @ApiOperation({ summary: 'Count an audience by group and stratum, now or as of an instant' })
  @ApiOkResponse({ type: AudienceDto })
  @ApiProblems('AUDIENCE_NOT_FOUND', 'AS_OF_INVALID')
  async get(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Query() { asOf }: AsOfQuery,
  ): Promise<AudienceDto> {
    const moment = await this.record.moment(campaignId, asOf);
    const { status, members, control, epoch, position } = moment;
    const strata = [...(await this.strata.counts(moment))];
    return {
      campaignId,
      status,
      members,
      test: members - control,
      control,
      epoch,
      position,
      asOf: moment.asOf,
      strata,
    };
  }

  @Get('members')
  @Roles('analyst', 'marketer')
  @ReadsModel('insights', 'audiences')
  @ApiOperation({ summary: 'Page through the members by profile number, now or as of an instant' })
  @ApiOkResponse({ type: MembersPageDto })
  @ApiProblems('AUDIENCE_NOT_FOUND', 'AS_OF_INVALID', 'CURSOR_INVALID')
  async members(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Query() { limit, cursor, asOf, ...filter }: MembersQuery,
  ): Promise<MembersPageDto> {
    const { moment, after } = await this.place(campaignId, cursor, asOf);
    const page = await this.audience.page(moment, filter, after, limit + 1);
    const members = page.slice(0, limit);
    const numbers = members.map(({ profileNumber }) => profileNumber);
    const profiles = await this.published.byNumber(moment.databaseId, numbers);
    const last = page.length > limit ? numbers.at(-1) : undefined;
    return {
      count: await this.count(moment, filter),
      items: members.map((member) => {
        const profile = profiles.get(member.profileNumber);
        return { ...member, externalId: profile?.externalId ?? null, attributes: { ...profile?.attributes } };
      }),
      nextCursor: last === undefined ? null : pageCursor.encode({ after: last, position: moment.position }),
      position: moment.position,
    };
  }

  /** Later pages stay at the position of the first. */
  private async place(
    campaignId: string,
    cursor: string | undefined,
    asOf: string | undefined,
  ): Promise<{ readonly moment: Moment; readonly after: number }> {
    if (cursor === undefined) return { moment: await this.record.moment(campaignId, asOf), after: -1 };
    const { after, position } = pageCursor.decode(cursor);
    if (typeof after !== 'number' || !Number.isInteger(after) || after < 0) throw cursorInvalid();
    const moment = typeof position === 'string' ? await this.record.momentAt(campaignId, position) : null;
    if (!moment) throw cursorInvalid();
    return { moment, after };
  }

  private async count(moment: Moment, { group, stratum }: MemberFilter): Promise<number> {
    const { members, control } = moment;
    let [test, lcg] = [members - control, control];
    if (stratum !== undefined) {
      const counts = (await this.strata.counts(moment)).filter(({ hash }) => hash === stratum);
      test = counts.reduce((sum, { presentTest }) => sum + presentTest, 0);
      lcg = counts.reduce((sum, { presentControl }) => sum + presentControl, 0);
    }
    return group === undefined ? test + lcg : group === 'test' ? test : lcg;
  }
}
