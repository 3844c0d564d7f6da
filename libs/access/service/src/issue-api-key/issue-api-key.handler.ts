import type { Aggregates, Handled } from '@muster/aggregates';
import { sha256Hex, type CommandContext } from '@muster/kernel';
import { AGGREGATES, InjectProjections, type Role } from '@muster/platform';
import type { Projections } from '@muster/projections';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { apiKeyAggregate } from '../api-keys/api-key.aggregate';
import { API_KEYS } from '../read-models/api-keys/api-keys.projection';

export interface NewApiKey {
  readonly keyId: string;
  readonly name: string;
  /** At least 32 characters of chance. Only its hash goes further. */
  readonly secret: string;
  readonly roles: readonly Role[];
  readonly expiresAt: Date | null;
}

export class IssueApiKey {
  constructor(
    readonly key: NewApiKey,
    readonly context: CommandContext,
  ) {}
}

/** A key should open the door as soon as its owner knows it: it is answered when requests can be checked against it. */
const KNOWN_WITHIN_MS = 2_000;

@CommandHandler(IssueApiKey)
export class IssueApiKeyHandler implements ICommandHandler<IssueApiKey, Handled> {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    @InjectProjections('access') private readonly projections: Projections,
  ) {}

  async execute({ key, context }: IssueApiKey): Promise<Handled> {
    const { keyId, name, secret, roles, expiresAt } = key;
    const data = {
      keyId,
      name,
      secretHash: sha256Hex(secret),
      roles: [...roles],
      expiresAt: expiresAt?.toISOString() ?? null,
      now: context.now.toISOString(),
    };
    const handled = await this.aggregates.handle(apiKeyAggregate, keyId, { type: 'IssueApiKey', data }, context);
    await this.projections.waitFor(API_KEYS, handled.position, KNOWN_WITHIN_MS);
    return handled;
  }
}
