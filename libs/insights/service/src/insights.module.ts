import { ContextModule, InjectProjections } from '@muster/platform';
import type { Projections } from '@muster/projections';
import { Module, type OnModuleInit } from '@nestjs/common';
import { ExportAudienceController } from './export-audience/export-audience.controller';
import { GetAudiencesController } from './get-audiences/get-audiences.controller';
import { GetDifferencesController } from './get-differences/get-differences.controller';
import { Followers } from './get-feed/followers';
import { GetFeedController } from './get-feed/get-feed.controller';
import { IntegrationFeed } from './get-feed/integration-feed';
import { GetLogsController } from './get-logs/get-logs.controller';
import { Logs } from './get-logs/logs.query';
import { GetProfileHistoryController } from './get-profile-history/get-profile-history.controller';
import { ProfileHistory } from './get-profile-history/profile-history.query';
import { AudienceSnapshots } from './get-snapshot/audience-snapshots';
import { CampaignSnapshots } from './get-snapshot/campaign-snapshots';
import { GetSnapshotController } from './get-snapshot/get-snapshot.controller';
import { SegmentSnapshots } from './get-snapshot/segment-snapshots';
import { SnapshotPages } from './get-snapshot/snapshot-pages';
import { PublishedProfiles } from './published/published-profiles';
import { AudienceMembers } from './read-models/audiences/audience-members';
import { AudienceRecord } from './read-models/audiences/audience-record';
import { AudienceStrata } from './read-models/audiences/audience-strata';
import { audiencesProjection } from './read-models/audiences/audiences.projection';
import { campaignsProjection } from './read-models/campaigns/campaigns.projection';
import { segmentsProjection } from './read-models/segments/segments.projection';

/** What analysts ask. Follows the event store, answers queries, and decides nothing. */
@Module({
  imports: [ContextModule.forContext({ context: 'insights', migrations: [] })],
  controllers: [
    GetAudiencesController,
    GetDifferencesController,
    ExportAudienceController,
    GetProfileHistoryController,
    GetLogsController,
    GetFeedController,
    GetSnapshotController,
  ],
  providers: [
    PublishedProfiles,
    AudienceRecord,
    AudienceStrata,
    AudienceMembers,
    ProfileHistory,
    Logs,
    IntegrationFeed,
    Followers,
    SegmentSnapshots,
    CampaignSnapshots,
    AudienceSnapshots,
    SnapshotPages,
  ],
})
export class InsightsModule implements OnModuleInit {
  constructor(@InjectProjections('insights') private readonly projections: Projections) {}

  onModuleInit(): void {
    for (const projection of [audiencesProjection, campaignsProjection, segmentsProjection])
      this.projections.register(projection);
  }
}
