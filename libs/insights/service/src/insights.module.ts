import { ContextModule, InjectProjections } from '@muster/platform';
import type { Projections } from '@muster/projections';
import { Module, type OnModuleInit } from '@nestjs/common';
import { GetAudiencesController } from './get-audiences/get-audiences.controller';
import { PublishedProfiles } from './published/published-profiles';
import { AudienceMembers } from './read-models/audiences/audience-members';
import { AudienceRecord } from './read-models/audiences/audience-record';
import { AudienceStrata } from './read-models/audiences/audience-strata';
import { audiencesProjection } from './read-models/audiences/audiences.projection';
import { campaignsProjection } from './read-models/campaigns/campaigns.projection';

/** What analysts ask. Follows the event store, answers queries, and decides nothing. */
@Module({
  imports: [ContextModule.forContext({ context: 'insights', migrations: [] })],
  controllers: [GetAudiencesController],
  providers: [PublishedProfiles, AudienceRecord, AudienceStrata, AudienceMembers],
})
export class InsightsModule implements OnModuleInit {
  constructor(@InjectProjections('insights') private readonly projections: Projections) {}

  onModuleInit(): void {
    for (const projection of [audiencesProjection, campaignsProjection]) this.projections.register(projection);
  }
}
