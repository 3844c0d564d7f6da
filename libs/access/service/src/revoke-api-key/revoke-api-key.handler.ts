import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { apiKeyAggregate } from '../api-keys/api-key.aggregate';

export class RevokeApiKey {
  constructor(
    readonly keyId: string,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(RevokeApiKey)
export class RevokeApiKeyHandler implements ICommandHandler<RevokeApiKey, Handled> {
  constructor(@Inject(AGGREGATES) private readonly aggregates: Aggregates) {}

  execute({ keyId, context }: RevokeApiKey): Promise<Handled> {
    return this.aggregates.handle(apiKeyAggregate, keyId, { type: 'RevokeApiKey', data: { keyId } }, context);
  }
}
