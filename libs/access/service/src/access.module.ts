import { ContextModule, InjectProjections, KEY_VERIFIER } from '@muster/platform';
import type { Projections } from '@muster/projections';
import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { BootstrapKeys } from './api-keys/bootstrap-keys';
import { ProjectedKeys } from './api-keys/projected-keys';
import { GetApiKeysController } from './get-api-keys/get-api-keys.controller';
import { IssueApiKeyController } from './issue-api-key/issue-api-key.controller';
import { IssueApiKeyHandler } from './issue-api-key/issue-api-key.handler';
import { apiKeysProjection } from './read-models/api-keys/api-keys.projection';
import { ApiKeysQuery } from './read-models/api-keys/api-keys.query';
import { RevokeApiKeyController } from './revoke-api-key/revoke-api-key.controller';
import { RevokeApiKeyHandler } from './revoke-api-key/revoke-api-key.handler';

/** API keys: issued, listed, revoked, and checked at every request of the process. */
@Global()
@Module({
  imports: [ContextModule.forContext({ context: 'access', migrations: [] })],
  controllers: [IssueApiKeyController, RevokeApiKeyController, GetApiKeysController],
  providers: [
    ApiKeysQuery,
    BootstrapKeys,
    IssueApiKeyHandler,
    RevokeApiKeyHandler,
    { provide: KEY_VERIFIER, useClass: ProjectedKeys },
  ],
  exports: [KEY_VERIFIER, BootstrapKeys],
})
export class AccessModule implements OnModuleInit {
  constructor(@InjectProjections('access') private readonly projections: Projections) {}

  onModuleInit(): void {
    this.projections.register(apiKeysProjection);
  }
}
