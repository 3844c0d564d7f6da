import type { SegmentSummary, SegmentsApi, StratificationReference, StratumDescription } from '@muster/contracts';
import { DomainError } from '@muster/kernel';
import { ApiProblems, RawBody, Roles, SEGMENTS_API } from '@muster/platform';
import { SEGMENTS_API_PATH, decodeProfiles, encodeCodes, encodeMembershipPage } from '@muster/segments-client';
import { Body, Controller, Get, Header, HttpCode, Inject, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Readable } from 'node:stream';
import { UserDto } from '../segments/user.dto';
import { MOST_EXTERNAL_IDS, MOST_STRATA, tooManyProfiles } from './limits';
import { MembershipQuery, PreparationDto, RegisterStratificationDto, ReleaseFieldUsesDto } from './segments-api.dto';

const BYTES = 'application/octet-stream';
const NUMBER_BYTES = 4;

/** `SegmentsApi` for services in other processes: of each method one route, and of sets and codes their bytes. */
@ApiTags('between services')
@Controller(SEGMENTS_API_PATH)
@Roles('service')
export class SegmentsApiController {
  constructor(@Inject(SEGMENTS_API) private readonly segments: SegmentsApi) {}

  @Get('segments/:segmentId')
  @ApiOperation({ summary: 'A segment in short' })
  @ApiOkResponse({ schema: { type: 'object' } })
  @ApiProblems('SEGMENT_NOT_FOUND')
  segment(@Param('segmentId', ParseUUIDPipe) segmentId: string): Promise<SegmentSummary> {
    return this.segments.segment(segmentId);
  }

  @Get('profile-databases/:databaseId')
  @ApiOperation({ summary: 'Whether there is such a profile database' })
  @ApiOkResponse({ schema: { type: 'object' } })
  @ApiProblems('DATABASE_NOT_FOUND')
  database(@Param('databaseId', ParseUUIDPipe) databaseId: string): Promise<object> {
    return this.segments.database(databaseId);
  }

  @Post('segments/:segmentId/preparation')
  @HttpCode(204)
  @ApiOperation({ summary: 'Make the members ready to be read: evaluates a dynamic segment, once for each request id' })
  @ApiNoContentResponse()
  @ApiProblems('SEGMENT_NOT_FOUND', 'SEGMENT_NOT_CALCULATED', 'SEGMENT_RUN_IN_PROGRESS')
  prepare(@Param('segmentId', ParseUUIDPipe) segmentId: string, @Body() { requestId }: PreparationDto): Promise<void> {
    return this.segments.prepareMembership(segmentId, requestId);
  }

  @Get('segments/:segmentId/membership')
  @Header('content-type', BYTES)
  @ApiOperation({ summary: 'A page of members by blocks, with stratum codes where a stratification is named' })
  @ApiOkResponse({ content: { [BYTES]: { schema: { type: 'string', format: 'binary' } } } })
  @ApiProblems('SEGMENT_NOT_FOUND', 'SEGMENT_REVISION_GONE', 'STRATIFICATION_INVALID')
  async membership(
    @Param('segmentId', ParseUUIDPipe) segmentId: string,
    @Query() query: MembershipQuery,
  ): Promise<Buffer> {
    return encodeMembershipPage(await this.segments.membership(Object.assign(query, { segmentId })));
  }

  @Post('profile-databases/:databaseId/stratifications/:hash/codes')
  @HttpCode(200)
  @Header('content-type', BYTES)
  @ApiOperation({ summary: 'The stratum codes of up to 100,000 profiles as of now' })
  @ApiOkResponse({ content: { [BYTES]: { schema: { type: 'string', format: 'binary' } } } })
  @ApiProblems('DATABASE_NOT_FOUND', 'STRATIFICATION_INVALID', 'VALIDATION_FAILED')
  async strata(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @Param('hash') hash: string,
    @RawBody() body: Readable,
  ): Promise<Buffer> {
    return encodeCodes(await this.segments.strata(databaseId, hash, await profilesOf(body, MOST_STRATA)));
  }

  @Post('profile-databases/:databaseId/external-ids')
  @HttpCode(200)
  @ApiOperation({ summary: 'The external ids of up to 10,000 profiles in their order, null for those that are gone' })
  @ApiOkResponse({ schema: { type: 'object' } })
  @ApiProblems('DATABASE_NOT_FOUND', 'VALIDATION_FAILED')
  async externalIds(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @RawBody() body: Readable,
  ): Promise<{ readonly externalIds: readonly (string | null)[] | null }> {
    const numbers = [...(await profilesOf(body, MOST_EXTERNAL_IDS))];
    const known = await this.segments.externalIdsOf(databaseId, numbers);
    return { externalIds: known && numbers.map((number) => known.get(number) ?? null) };
  }

  @Post('segments/:segmentId/uses')
  @HttpCode(204)
  @ApiOperation({ summary: 'Register the use of a segment' })
  @ApiNoContentResponse()
  @ApiProblems('SEGMENT_NOT_FOUND', 'SEGMENT_DELETED')
  registerUse(@Param('segmentId', ParseUUIDPipe) segmentId: string, @Body() user: UserDto): Promise<void> {
    return this.segments.registerSegmentUse(segmentId, user);
  }

  @Post('segments/:segmentId/uses/release')
  @HttpCode(204)
  @ApiOperation({ summary: 'Give up the use of a segment' })
  @ApiNoContentResponse()
  @ApiProblems('SEGMENT_NOT_FOUND')
  releaseUse(@Param('segmentId', ParseUUIDPipe) segmentId: string, @Body() user: UserDto): Promise<void> {
    return this.segments.releaseSegmentUse(segmentId, user);
  }

  @Post('profile-databases/:databaseId/stratifications')
  @HttpCode(200)
  @ApiOperation({ summary: 'Check a stratification, keep its definition, and register the use of its fields' })
  @ApiOkResponse({ schema: { type: 'object' } })
  @ApiProblems('DATABASE_NOT_FOUND', 'STRATIFICATION_INVALID')
  registerStratification(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @Body() { input, user }: RegisterStratificationDto,
  ): Promise<StratificationReference> {
    return this.segments.registerStratification(databaseId, input, user);
  }

  @Get('stratifications/:hash/strata')
  @ApiOperation({ summary: 'The strata of a definition with their labels, in the order of their codes' })
  @ApiOkResponse({ schema: { type: 'array', items: { type: 'object' } } })
  @ApiProblems('STRATIFICATION_INVALID')
  describeStrata(@Param('hash') hash: string): Promise<readonly StratumDescription[]> {
    return this.segments.describeStrata(hash);
  }

  @Post('profile-databases/:databaseId/field-uses/release')
  @HttpCode(204)
  @ApiOperation({ summary: 'Give up the uses of fields but for those of one stratification' })
  @ApiNoContentResponse()
  @ApiProblems('DATABASE_NOT_FOUND', 'STRATIFICATION_INVALID')
  releaseFieldUses(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @Body() { user, keep }: ReleaseFieldUsesDto,
  ): Promise<void> {
    return this.segments.releaseFieldUses(databaseId, user, keep);
  }
}

async function profilesOf(body: Readable, most: number): Promise<Uint32Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Read to its end, and kept no longer: the sender shall hear the reason.
    if (length <= most * NUMBER_BYTES) chunks.push(chunk);
  }
  if (length > most * NUMBER_BYTES) throw tooManyProfiles(most);
  if (length % NUMBER_BYTES !== 0) {
    throw new DomainError('VALIDATION_FAILED', { detail: 'Send profile numbers of 32 bits, little-endian.' });
  }
  return decodeProfiles(Buffer.concat(chunks));
}
