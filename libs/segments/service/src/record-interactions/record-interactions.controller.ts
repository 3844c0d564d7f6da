import { ApiProblems, CommandContext, Roles } from '@muster/platform';
import { Controller, HttpCode, Param, ParseUUIDPipe, Post, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import type { RecordedInteractions } from './interactions';
import { interactionsOfFile, interactionsOfJson } from './read-interactions';
import { RecordInteractions } from './record-interactions.handler';

class InteractionErrorDto {
  @ApiProperty({ example: '/17/at', description: 'The place in the list, from 0, and the member.' }) path!: string;
  @ApiProperty() message!: string;
}

class RecordedInteractionsDto implements RecordedInteractions {
  @ApiProperty({ description: 'recorded + duplicates + rejected' }) received!: number;
  @ApiProperty() recorded!: number;
  @ApiProperty({ description: 'Known by the id that the caller gave.' }) duplicates!: number;
  @ApiProperty() rejected!: number;
  @ApiProperty({ type: [InteractionErrorDto], description: 'Of the first 100 rejected ones.' })
  errors!: readonly InteractionErrorDto[];
}

@ApiTags('profile databases')
@Controller('profile-databases/:databaseId/interactions')
export class RecordInteractionsController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @HttpCode(200)
  @Roles('marketer', 'service')
  @ApiOperation({
    summary: 'Record what profiles did, at most 100,000 in a call',
    description:
      'A JSON array, NDJSON, or CSV with commas. Those with an `id` are recorded once. Faulty ones are told and stop nothing.',
  })
  @ApiConsumes('application/json', 'application/x-ndjson', 'text/csv')
  @ApiBody({
    schema: {
      type: 'array',
      items: { type: 'object' },
      example: [{ id: 'o-1', externalId: 'c-1', kind: 'purchase', at: '2026-03-31T12:00:00Z', value: 12.5 }],
    },
  })
  @ApiOkResponse({ type: RecordedInteractionsDto })
  @ApiProblems('DATABASE_NOT_FOUND', 'INTERACTIONS_INVALID', 'PAYLOAD_TOO_LARGE', 'IDEMPOTENCY_KEY_REUSED')
  async record(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @Req() request: FastifyRequest,
    @CommandContext() context: CommandContext,
  ): Promise<RecordedInteractionsDto> {
    const { body } = request;
    const isCsv = (request.headers['content-type'] ?? '').startsWith('text/csv');
    const items = body instanceof Readable ? await interactionsOfFile(body, isCsv) : interactionsOfJson(body);
    return this.commands.execute<RecordInteractions, RecordedInteractions>(
      new RecordInteractions(databaseId, items, context),
    );
  }
}
