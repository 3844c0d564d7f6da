import { audiencesTranslation } from '@muster/audiences-events';
import type { SegmentSummary, SegmentsApi, StratificationReference } from '@muster/contracts';
import { DomainError } from '@muster/kernel';
import type { IntegrationBus } from '@muster/messaging';
import { INTEGRATION_BUS, SEGMENTS_API } from '@muster/platform';
import { startTestApp, type TestApp } from '@muster/platform/testing';
import { Global, Inject, Module, type OnModuleInit } from '@nestjs/common';
import { CampaignsModule } from '../campaigns.module';

export const DATABASE_ID = '11111111-1111-4111-8111-111111111111';
export const SEGMENT_ID = '22222222-2222-4222-8222-222222222222';
const STRATIFICATION: StratificationReference = {
  hash: 'ab'.repeat(32),
  strata: ['00112233445566aa', '00112233445566bb'],
};

/** What `segments` knows in these tests: one database, one static segment; it notes who uses it. */
export class KnownSegment implements Partial<SegmentsApi> {
  readonly calls: string[] = [];

  segment(segmentId: string): Promise<SegmentSummary> {
    if (segmentId !== SEGMENT_ID)
      return Promise.reject(new DomainError('SEGMENT_NOT_FOUND', { detail: 'No segment.' }));
    const about = { name: 'Adults', kind: 'static', deleted: false, count: 100 } as const;
    return Promise.resolve({ segmentId, databaseId: DATABASE_ID, ...about });
  }

  database(databaseId: string): Promise<{ databaseId: string; name: string }> {
    return Promise.resolve({ databaseId, name: 'People' });
  }

  registerSegmentUse(): Promise<void> {
    return this.note('registerSegmentUse');
  }

  releaseFieldUses(): Promise<void> {
    return this.note('releaseFieldUses');
  }

  async registerStratification(): Promise<StratificationReference> {
    await this.note('registerStratification');
    return STRATIFICATION;
  }

  describeStrata(): Promise<readonly { hash: string; label: string }[]> {
    return Promise.resolve(STRATIFICATION.strata.map((hash, i) => ({ hash, label: `stratum ${String(i)}` })));
  }

  private note(call: string): Promise<void> {
    this.calls.push(call);
    return Promise.resolve();
  }
}

/** The surroundings of the campaigns service: the known segment, and audiences whose events the test appends. */
@Global()
@Module({ providers: [{ provide: SEGMENTS_API, useClass: KnownSegment }], exports: [SEGMENTS_API] })
class Surroundings implements OnModuleInit {
  constructor(@Inject(INTEGRATION_BUS) private readonly bus: IntegrationBus) {}

  onModuleInit(): void {
    this.bus.addTranslation(audiencesTranslation);
  }
}

export function startCampaigns(): Promise<TestApp> {
  return startTestApp([Surroundings, CampaignsModule], { logLevel: 'warn' });
}
