import type { Handled } from '@muster/aggregates';
import { answer, ApiProblems, CommandContext, Roles, type Answer } from '@muster/platform';
import { Controller, Delete, Param, ParseUUIDPipe } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RevokeApiKey } from './revoke-api-key.handler';

@ApiTags('API keys')
@Controller('api-keys')
export class RevokeApiKeyController {
  constructor(private readonly commands: CommandBus) {}

  @Roles('admin')
  @Delete(':keyId')
  @ApiOperation({ summary: 'Revoke an API key', description: 'For good. It stops opening doors within two seconds.' })
  @ApiNoContentResponse({ description: 'The key is revoked.' })
  @ApiProblems('API_KEY_NOT_FOUND', 'REVISION_STALE')
  async revoke(
    @Param('keyId', ParseUUIDPipe) keyId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<undefined>> {
    const handled = await this.commands.execute<RevokeApiKey, Handled>(new RevokeApiKey(keyId, context));
    return answer(handled, undefined, { status: 204 });
  }
}
