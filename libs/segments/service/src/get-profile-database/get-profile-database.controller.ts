import type { Aggregates } from '@muster/aggregates';
import {
  AGGREGATES,
  ApiProblems,
  cursorInvalid,
  pageCursor,
  PageQuery,
  ReadsModel,
  Roles,
  withETag,
  type Answer,
} from '@muster/platform';
import { existing } from '@muster/segments-domain';
import { Controller, Get, Inject, Param, ParseUUIDPipe, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { profileDatabaseAggregate } from '../profiles/profile-database.aggregate';
import { Profiles } from '../profiles/profiles';
import { ProfileDatabasesQuery } from '../read-models/profile-databases/profile-databases.query';
import { profileDto, ProfileDto } from '../segments/profile.dto';
import { FieldValues } from './field-values.query';
import { FieldValuesDto, ProfileDatabaseDto, ProfileDatabasePage, ProfilePage } from './profile-database.dto';

@ApiTags('profile databases')
@Roles('marketer', 'analyst', 'operator', 'service')
@Controller('profile-databases')
export class GetProfileDatabaseController {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    private readonly databases: ProfileDatabasesQuery,
    private readonly profiles: Profiles,
    private readonly values: FieldValues,
  ) {}

  @Get()
  @ReadsModel('segments', 'profile_databases')
  @ApiOperation({ summary: 'The profile databases, the newest first' })
  @ApiOkResponse({ type: ProfileDatabasePage })
  @ApiProblems('CURSOR_INVALID', 'READ_MODEL_BEHIND')
  async list(@Query() { limit, cursor }: PageQuery): Promise<ProfileDatabasePage> {
    const items = await this.databases.page(cursor === undefined ? null : placeOf(cursor), limit);
    const last = items.length === limit ? items.at(-1) : undefined;
    const nextCursor = last ? pageCursor.encode({ createdAt: last.createdAt, databaseId: last.databaseId }) : null;
    return { items, nextCursor };
  }

  @Get(':databaseId')
  @ApiOperation({ summary: 'A profile database, its fields and who uses them' })
  @ApiOkResponse({ type: ProfileDatabaseDto })
  @ApiProblems('DATABASE_NOT_FOUND')
  async get(@Param('databaseId', ParseUUIDPipe) databaseId: string): Promise<Answer<ProfileDatabaseDto>> {
    const { state, revision } = await this.aggregates.load(profileDatabaseAggregate, databaseId);
    const database = existing(state);
    return withETag(revision, {
      databaseId,
      name: database.name,
      publishExternalIds: database.publishExternalIds,
      fields: database.fields.map(({ column: _column, ...field }) => field),
      uses: [...database.uses.values()].map(({ user, fields }) => ({ user, fields: [...fields] })),
      importing: database.imports.size > 0,
    });
  }

  @Get(':databaseId/profiles')
  @ApiOperation({ summary: 'Profiles by profile number' })
  @ApiOkResponse({ type: ProfilePage })
  @ApiProblems('DATABASE_NOT_FOUND', 'CURSOR_INVALID')
  async page(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @Query() { limit, cursor }: PageQuery,
  ): Promise<ProfilePage> {
    const rows = await this.profiles.page(databaseId, cursor === undefined ? 0 : numberOf(cursor), limit);
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return { items: rows.map(profileDto), nextCursor: last ? pageCursor.encode({ after: last.profileNo }) : null };
  }

  @Get(':databaseId/profiles/:externalId')
  @ApiOperation({ summary: 'One profile by its external id' })
  @ApiOkResponse({ type: ProfileDto })
  @ApiProblems('DATABASE_NOT_FOUND', 'PROFILE_NOT_FOUND')
  async profile(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @Param('externalId') externalId: string,
  ): Promise<ProfileDto> {
    return profileDto(await this.profiles.byExternalId(databaseId, externalId));
  }

  @Get(':databaseId/fields/:name/values')
  @ApiOperation({ summary: 'The most frequent values of a field, for making buckets and conditions' })
  @ApiOkResponse({ type: FieldValuesDto })
  @ApiProblems('DATABASE_NOT_FOUND', 'FIELD_UNKNOWN')
  fieldValues(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @Param('name') name: string,
  ): Promise<FieldValuesDto> {
    return this.values.of(databaseId, name);
  }
}

function placeOf(cursor: string): { readonly createdAt: string; readonly databaseId: string } {
  const { createdAt, databaseId } = pageCursor.decode(cursor);
  if (typeof createdAt !== 'string' || Number.isNaN(Date.parse(createdAt))) throw cursorInvalid();
  if (typeof databaseId !== 'string' || !/^[0-9a-f-]{36}$/.test(databaseId)) throw cursorInvalid();
  return { createdAt, databaseId };
}

function numberOf(cursor: string): number {
  const { after } = pageCursor.decode(cursor);
  if (typeof after !== 'number' || !Number.isSafeInteger(after) || after < 0 || after >= 2 ** 31) throw cursorInvalid();
  return after;
}
