import 'reflect-metadata';
import { AccessModule, BootstrapKeys } from '@muster/access-service';
import { audiencesTranslation } from '@muster/audiences-events';
import { CampaignsModule } from '@muster/campaigns-service';
import { runProcess } from '@muster/platform';
import { SegmentsClientModule } from '@muster/segments-client';

runProcess({
  title: 'Muster: campaigns',
  port: 3002,
  requires: ['segmentsUrl', 'serviceApiKey'],
  modules: (config) => [AccessModule, SegmentsClientModule.forRoot(config), CampaignsModule],
  keys: BootstrapKeys,
  translations: [audiencesTranslation],
});
