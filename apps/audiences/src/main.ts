import 'reflect-metadata';
import { AccessModule, BootstrapKeys } from '@muster/access-service';
import { AudiencesModule } from '@muster/audiences-service';
import { campaignsTranslation } from '@muster/campaigns-events';
import { runProcess } from '@muster/platform';
import { SegmentsClientModule } from '@muster/segments-client';
import { segmentsTranslation } from '@muster/segments-events';

runProcess({
  title: 'Muster: audiences',
  port: 3003,
  requires: ['segmentsUrl', 'serviceApiKey'],
  modules: (config) => [AccessModule, SegmentsClientModule.forRoot(config), AudiencesModule],
  keys: BootstrapKeys,
  translations: [campaignsTranslation, segmentsTranslation],
});
