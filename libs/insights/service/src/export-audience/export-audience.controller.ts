import type { Group } from '@muster/contracts';
import { DomainError } from '@muster/kernel';
import { ApiProblems, ReadsModel, Roles } from '@muster/platform';
import { Controller, Get, Param, ParseUUIDPipe, Query, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { Readable } from 'node:stream';
import { AS_OF, GROUPS } from '../get-audiences/audiences.dto';
import { PublishedProfiles } from '../published/published-profiles';
import { AudienceMembers, type AudienceMember } from '../read-models/audiences/audience-members';
import { AudienceRecord, type Moment } from '../read-models/audiences/audience-record';
import { csvLine } from './export-rows';

const FORMATS = ['csv', 'ndjson'] as const;
/** Profiles whose attributes are asked for at once. */
const CHUNK = 2000;

class ExportQuery {
  @ApiPropertyOptional({ enum: GROUPS })
  @IsOptional()
  @IsIn(GROUPS)
  group?: Group;

  @ApiPropertyOptional({ enum: FORMATS, default: 'csv' })
  @IsOptional()
  @IsIn(FORMATS)
  format: (typeof FORMATS)[number] = 'csv';

  @ApiPropertyOptional({ example: 'age,city', description: 'Fields by name, in this order. Absent: all.' })
  @IsOptional()
  @IsString()
  @MaxLength(10_000)
  fields?: string;

  @ApiPropertyOptional(AS_OF)
  @IsOptional()
  @IsString()
  @MaxLength(40)
  asOf?: string;
}

@ApiTags('insights')
@Controller('insights/audiences/:campaignId/export')
export class ExportAudienceController {
  constructor(
    private readonly record: AudienceRecord,
    private readonly audience: AudienceMembers,
    private readonly published: PublishedProfiles,
  ) {}

  @Get()
  @Roles('analyst', 'marketer')
  @ReadsModel('insights', 'audiences')
  @ApiOperation({
    summary: 'Export an audience as CSV or NDJSON',
    description:
      "Streamed as of one position. In CSV, text that a spreadsheet would take for a formula begins with `'`.",
  })
  @ApiProduces('text/csv', 'application/x-ndjson')
  @ApiOkResponse({ schema: { type: 'string', example: 'profileNumber,externalId,group,stratum,epoch,age\r\n' } })
  @ApiProblems('AUDIENCE_NOT_FOUND', 'AUDIENCE_NOT_BUILT', 'AS_OF_INVALID', 'FIELD_UNKNOWN')
  async export(
    @Param('campaignId', ParseUUIDPipe) campaignId: string,
    @Query() { group, format, fields, asOf }: ExportQuery,
  ): Promise<StreamableFile> {
    const moment = await this.record.moment(campaignId, asOf);
    if (moment.status === 'building' || moment.status === 'empty') {
      throw new DomainError('AUDIENCE_NOT_BUILT', {
        detail: `The audience is ${moment.status}: it can be exported once its build is finished.`,
      });
    }
    const shown = await this.fieldsOf(moment.databaseId, fields);
    const lines = format === 'csv' ? this.csv(moment, group, shown) : this.ndjson(moment, group, shown);
    return new StreamableFile(Readable.from(lines, { objectMode: false }), {
      type: format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson',
      disposition: `attachment; filename="audience-${campaignId}.${format}"`,
    });
  }

  private async fieldsOf(databaseId: string | null, asked: string | undefined): Promise<readonly string[]> {
    const database = databaseId === null ? null : await this.published.database(databaseId);
    const all = (database?.fields ?? []).map(({ name }) => name);
    if (asked === undefined) return all;
    const wanted = asked.split(',').filter((name) => name !== '');
    const unknown = wanted.find((name) => !all.includes(name));
    if (unknown !== undefined) {
      throw new DomainError('FIELD_UNKNOWN', { detail: `The profile database has no field "${unknown}".` });
    }
    return wanted;
  }

  private async *csv(moment: Moment, group: Group | undefined, fields: readonly string[]): AsyncGenerator<string> {
    yield csvLine(['profileNumber', 'externalId', 'group', 'stratum', 'epoch', ...fields]);
    for await (const rows of this.rows(moment, group, fields)) {
      const lines = rows.map(({ member, externalId, attributes }) =>
        csvLine([
          member.profileNumber,
          externalId,
          member.group,
          member.stratum.label,
          member.epoch,
          ...fields.map((field) => attributes[field]),
        ]),
      );
      yield lines.join('');
    }
  }

  private async *ndjson(moment: Moment, group: Group | undefined, fields: readonly string[]): AsyncGenerator<string> {
    for await (const rows of this.rows(moment, group, fields)) {
      const lines = rows.map(({ member, externalId, attributes }) => {
        const { profileNumber, stratum, epoch } = member;
        const row = { profileNumber, externalId, group: member.group, stratum: stratum.label, epoch, attributes };
        return `${JSON.stringify(row)}\n`;
      });
      yield lines.join('');
    }
  }

  private async *rows(moment: Moment, group: Group | undefined, fields: readonly string[]): AsyncGenerator<Row[]> {
    for await (const { members } of this.audience.parts(moment, group ? { group } : {}, -1)) {
      for (let at = 0; at < members.length; at += CHUNK) {
        const chunk = members.slice(at, at + CHUNK);
        const numbers = chunk.map(({ profileNumber }) => profileNumber);
        const profiles = await this.published.byNumber(moment.databaseId, numbers, fields);
        yield chunk.map((member) => {
          const profile = profiles.get(member.profileNumber);
          return { member, externalId: profile?.externalId ?? null, attributes: profile?.attributes ?? {} };
        });
      }
    }
  }
}

interface Row {
  readonly member: AudienceMember;
  readonly externalId: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
}
