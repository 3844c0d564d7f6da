import type { IntegrationBus } from '@muster/messaging';
import { ContextModule, INTEGRATION_BUS, InjectProjections, SEGMENTS_API } from '@muster/platform';
import type { Projections } from '@muster/projections';
import { segmentsTranslation } from '@muster/segments-events';
import { Global, Inject, Module, type OnModuleInit } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ProfileDatabases1763776800000 } from '../migrations/1763776800000-profile-databases';
import { Segments1769000002000 } from '../migrations/1769000002000-segments';
import { ImportTraces1769000005000 } from '../migrations/1769000005000-import-traces';
import { profileDatabasesControllers, profileDatabasesProviders } from './profile-databases.providers';
import { profileDatabasesProjection } from './read-models/profile-databases/profile-databases.projection';
import { SegmentEntity, SegmentRunEntity } from './read-models/segments/segment.entity';
import { segmentsProjection } from './read-models/segments/segments.projection';
import { segmentsControllers, segmentsProviders } from './segments.providers';

const entities = [SegmentEntity, SegmentRunEntity];

/** Profile databases, segments, and what other services of the process ask of them. */
@Global()
@Module({
  imports: [
    CqrsModule,
    ContextModule.forContext({
      context: 'segments',
      migrations: [ProfileDatabases1763776800000, Segments1769000002000, ImportTraces1769000005000],
      entities,
    }),
    TypeOrmModule.forFeature(entities, 'segments'),
  ],
  controllers: [...profileDatabasesControllers, ...segmentsControllers],
  providers: [...profileDatabasesProviders, ...segmentsProviders],
  exports: [SEGMENTS_API],
})
export class SegmentsModule implements OnModuleInit {
  constructor(
    @InjectProjections('segments') private readonly projections: Projections,
    @Inject(INTEGRATION_BUS) private readonly bus: IntegrationBus,
  ) {}

  onModuleInit(): void {
    this.projections.register(profileDatabasesProjection);
    this.projections.register(segmentsProjection);
    this.bus.addTranslation(segmentsTranslation);
  }
}
