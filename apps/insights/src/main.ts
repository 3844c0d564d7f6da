import 'reflect-metadata';
import { AccessModule, BootstrapKeys } from '@muster/access-service';
import { InsightsModule } from '@muster/insights-service';
import { runProcess } from '@muster/platform';

runProcess({
  title: 'Muster: insights',
  port: 3004,
  requires: [],
  modules: () => [AccessModule, InsightsModule],
  keys: BootstrapKeys,
  readsFrom: ['segments.published_database', 'segments.published_stratum', 'segments.published_attribute_change'],
});
