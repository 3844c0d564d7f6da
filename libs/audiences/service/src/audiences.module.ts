import { audiencesTranslation } from '@muster/audiences-events';
import type { IntegrationBus } from '@muster/messaging';
import { ContextModule, INTEGRATION_BUS, InjectProjections } from '@muster/platform';
import type { Projections } from '@muster/projections';
import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { Audiences1769000003000 } from '../migrations/1769000003000-audiences';
import { IntakeTraces1769000004000 } from '../migrations/1769000004000-intake-traces';
import { AudienceFigures } from './audience-work/audience-figures';
import { AudienceSteps } from './audience-work/audience-steps';
import { AudienceWorker } from './audience-work/audience.worker';
import { AudienceLog } from './audiences/audience-log';
import { BuildRun } from './build-audience/build-run';
import { SegmentFollower } from './follow-segment/segment-follower';
import { StagedChanges } from './follow-segment/staged-changes';
import { GetAudienceController } from './get-audience/get-audience.controller';
import { Intake } from './intake/intake';
import { IntakeConsumer } from './intake/intake.consumer';
import { WorkCursors } from './intake/work-cursors';
import { buildsProjection } from './read-models/builds/builds.projection';
import { BuildsQuery } from './read-models/builds/builds.query';
import { VerifyAudienceController } from './verify-audience/verify-audience.controller';

/** The service that decides who is in a campaign and in which group. Needs `SEGMENTS_API` from elsewhere. */
@Module({
  imports: [
    ContextModule.forContext({ context: 'audiences', migrations: [Audiences1769000003000, IntakeTraces1769000004000] }),
  ],
  controllers: [GetAudienceController, VerifyAudienceController],
  providers: [
    AudienceLog,
    Intake,
    WorkCursors,
    StagedChanges,
    BuildRun,
    SegmentFollower,
    AudienceSteps,
    AudienceWorker,
    AudienceFigures,
    IntakeConsumer,
    BuildsQuery,
  ],
})
export class AudiencesModule implements OnModuleInit {
  constructor(
    @InjectProjections('audiences') private readonly projections: Projections,
    @Inject(INTEGRATION_BUS) private readonly bus: IntegrationBus,
    private readonly intake: IntakeConsumer,
  ) {}

  onModuleInit(): void {
    this.projections.register(buildsProjection);
    this.bus.addTranslation(audiencesTranslation);
    this.bus.addConsumer(this.intake);
  }
}
