import type { Handled } from '@muster/aggregates';
import type { RandomSource } from '@muster/kernel';
import {
  answer,
  ApiProblems,
  CommandContext,
  formatKey,
  NewId,
  RANDOM,
  ROLES,
  Roles,
  type Answer,
  type Role,
} from '@muster/platform';
import { Body, Controller, Inject, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import {
  ApiCreatedResponse,
  ApiHeader,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsDate,
  IsIn,
  IsOptional,
  IsString,
  Length,
} from 'class-validator';
import { IssueApiKey } from './issue-api-key.handler';

class IssueApiKeyDto {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'nightly import', description: 'What people call the key.' })
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiProperty({ enum: ROLES, isArray: true, minItems: 1, example: ['marketer', 'analyst'] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(ROLES.length)
  @ArrayUnique()
  @IsIn(ROLES, { each: true })
  roles!: Role[];

  @ApiPropertyOptional({ type: String, format: 'date-time', nullable: true, description: 'Absent: never expires.' })
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  expiresAt?: Date | null;
}

interface IssuedApiKey {
  readonly keyId: string;
  readonly key: string | null;
}

class IssuedApiKeyDto implements IssuedApiKey {
  @ApiProperty({ format: 'uuid' })
  keyId!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'mk_5f0c6c1e-8a55-4a0f-9d0c-0d6c2f3f1b7a_3q2-7w...',
    description: 'What to send as `Authorization: Bearer ...`. Shown this once; `null` when the request was a repeat.',
  })
  key!: string | null;
}

const SECRET_BYTES = 32;

@ApiTags('API keys')
@Controller('api-keys')
export class IssueApiKeyController {
  constructor(
    private readonly commands: CommandBus,
    @Inject(RANDOM) private readonly random: RandomSource,
  ) {}

  @Roles('admin')
  @Post()
  @ApiOperation({ summary: 'Issue an API key', description: 'Its secret is shown once and kept nowhere.' })
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  @ApiCreatedResponse({ type: IssuedApiKeyDto })
  @ApiProblems('API_KEY_INVALID', 'IDEMPOTENCY_KEY_REUSED')
  async issue(
    @Body() { name, roles, expiresAt }: IssueApiKeyDto,
    @NewId() keyId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<IssuedApiKey>> {
    const secret = Buffer.from(this.random.bytes(SECRET_BYTES)).toString('base64url');
    const command = new IssueApiKey({ keyId, name, secret, roles, expiresAt: expiresAt ?? null }, context);
    const handled = await this.commands.execute<IssueApiKey, Handled>(command);
    const key = handled.repeated ? null : formatKey(keyId, secret);
    return answer(handled, { keyId, key }, { status: 201, location: `/api-keys/${keyId}` });
  }
}
