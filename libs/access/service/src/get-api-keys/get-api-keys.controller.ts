import {
  cursorInvalid,
  pageCursor,
  PageQuery,
  ApiProblems,
  ReadsModel,
  ROLES,
  Roles,
  type Role,
} from '@muster/platform';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { isUUID } from 'class-validator';
import { API_KEYS } from '../read-models/api-keys/api-keys.projection';
import { ApiKeysQuery, type ApiKeyRow } from '../read-models/api-keys/api-keys.query';

class ApiKeyDto implements ApiKeyRow {
  @ApiProperty({ format: 'uuid' })
  keyId!: string;

  @ApiProperty({ example: 'nightly import' })
  name!: string;

  @ApiProperty({ enum: ROLES, isArray: true })
  roles!: readonly Role[];

  @ApiProperty({ type: String, format: 'date-time' })
  issuedAt!: Date;

  @ApiProperty({ description: 'The name of the key (or system) that issued it.' })
  issuedBy!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt!: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revokedAt!: Date | null;
}

interface ApiKeysPage {
  readonly items: readonly ApiKeyRow[];
  readonly nextCursor: string | null;
}

class ApiKeysPageDto implements ApiKeysPage {
  @ApiProperty({ type: [ApiKeyDto] })
  items!: readonly ApiKeyDto[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

@ApiTags('API keys')
@Controller('api-keys')
export class GetApiKeysController {
  constructor(private readonly keys: ApiKeysQuery) {}

  @Roles('admin')
  @Get()
  @ReadsModel('access', API_KEYS)
  @ApiOperation({ summary: 'List API keys', description: 'In the order of their ids, without their secrets.' })
  @ApiOkResponse({ type: ApiKeysPageDto })
  @ApiProblems('CURSOR_INVALID', 'READ_MODEL_BEHIND')
  async list(@Query() { limit, cursor }: PageQuery): Promise<ApiKeysPage> {
    const items = await this.keys.page(cursor === undefined ? null : lastOf(cursor), limit);
    const last = items.length === limit ? items.at(-1) : undefined;
    return { items, nextCursor: last ? pageCursor.encode({ after: last.keyId }) : null };
  }
}

function lastOf(cursor: string): string {
  const { after } = pageCursor.decode(cursor);
  if (!isUUID(after)) throw cursorInvalid();
  return after as string;
}
