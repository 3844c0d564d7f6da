import 'reflect-metadata';
import { AccessModule, BootstrapKeys } from '@muster/access-service';
import { runProcess } from '@muster/platform';
import { SegmentsModule } from '@muster/segments-service';

runProcess({
  title: 'Muster: segments',
  port: 3001,
  requires: ['serviceApiKey'],
  modules: () => [AccessModule, SegmentsModule],
  keys: BootstrapKeys,
});
