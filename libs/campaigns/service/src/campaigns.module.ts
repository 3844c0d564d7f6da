import { campaignsTranslation } from '@muster/campaigns-events';
import type { IntegrationBus } from '@muster/messaging';
import { ContextModule, INTEGRATION_BUS, InjectProjections } from '@muster/platform';
import type { Projections } from '@muster/projections';
import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ActivateCampaignController } from './activate-campaign/activate-campaign.controller';
import { ActivateCampaignHandler } from './activate-campaign/activate-campaign.handler';
import { AttachActivityController } from './attach-activity/attach-activity.controller';
import { AttachActivityHandler } from './attach-activity/attach-activity.handler';
import { CancelBuildController } from './cancel-build/cancel-build.controller';
import { CancelBuildHandler } from './cancel-build/cancel-build.handler';
import { ChangeLcgController } from './change-lcg/change-lcg.controller';
import { ChangeLcgHandler } from './change-lcg/change-lcg.handler';
import { ChangeStratificationController } from './change-stratification/change-stratification.controller';
import { ChangeStratificationHandler } from './change-stratification/change-stratification.handler';
import { CompleteCampaignController } from './complete-campaign/complete-campaign.controller';
import { CompleteCampaignHandler } from './complete-campaign/complete-campaign.handler';
import { CreateActivityController } from './create-activity/create-activity.controller';
import { CreateActivityHandler } from './create-activity/create-activity.handler';
import { CreateCampaignController } from './create-campaign/create-campaign.controller';
import { CreateCampaignHandler } from './create-campaign/create-campaign.handler';
import { DeactivateCampaignController } from './deactivate-campaign/deactivate-campaign.controller';
import { DeactivateCampaignHandler } from './deactivate-campaign/deactivate-campaign.handler';
import { DescribeCampaignController } from './describe-campaign/describe-campaign.controller';
import { DescribeCampaignHandler } from './describe-campaign/describe-campaign.handler';
import { DetachActivityController } from './detach-activity/detach-activity.controller';
import { DetachActivityHandler } from './detach-activity/detach-activity.handler';
import { GetActivitiesController } from './get-activities/get-activities.controller';
import { GetCampaignsController } from './get-campaigns/get-campaigns.controller';
import { AudienceProgressConsumer } from './processes/audience-progress.consumer';
import { ActivityEntity, CampaignEntity } from './read-models/campaigns/campaign.entity';
import { campaignsProjection } from './read-models/campaigns/campaigns.projection';
import { CampaignsQuery } from './read-models/campaigns/campaigns.query';

const entities = [CampaignEntity, ActivityEntity];

/** The service that owns campaigns and activities. Needs `SEGMENTS_API` from elsewhere. */
@Module({
  imports: [
    ContextModule.forContext({ context: 'campaigns', migrations: [], entities }),
    TypeOrmModule.forFeature(entities, 'campaigns'),
  ],
  controllers: [
    CreateCampaignController,
    DescribeCampaignController,
    ChangeLcgController,
    ChangeStratificationController,
    AttachActivityController,
    DetachActivityController,
    ActivateCampaignController,
    CancelBuildController,
    DeactivateCampaignController,
    CompleteCampaignController,
    GetCampaignsController,
    CreateActivityController,
    GetActivitiesController,
  ],
  providers: [
    CreateCampaignHandler,
    DescribeCampaignHandler,
    ChangeLcgHandler,
    ChangeStratificationHandler,
    CreateActivityHandler,
    AttachActivityHandler,
    DetachActivityHandler,
    ActivateCampaignHandler,
    CancelBuildHandler,
    DeactivateCampaignHandler,
    CompleteCampaignHandler,
    AudienceProgressConsumer,
    CampaignsQuery,
  ],
})
export class CampaignsModule implements OnModuleInit {
  constructor(
    @InjectProjections('campaigns') private readonly projections: Projections,
    @Inject(INTEGRATION_BUS) private readonly bus: IntegrationBus,
    private readonly audienceProgress: AudienceProgressConsumer,
  ) {}

  onModuleInit(): void {
    this.projections.register(campaignsProjection);
    this.bus.addTranslation(campaignsTranslation);
    this.bus.addConsumer(this.audienceProgress);
  }
}
