import { EventSourcedAggregates, MemorySnapshots, type Aggregates } from '@muster/aggregates';
import { audienceEvents, type AudienceEvent } from '@muster/audiences-events';
import { campaignEvents, campaignsTranslation, type CampaignEvent } from '@muster/campaigns-events';
import type {
  LcgSettings,
  MembershipPage,
  MembershipRequest,
  OutgoingEvent,
  SegmentsApi,
  StratificationReference,
} from '@muster/contracts';
import { NOTED, StoreUnavailable, type EventStore } from '@muster/event-store';
import { DomainError, SYSTEM, type IdGenerator, type Mark, type RandomSource } from '@muster/kernel';
import type { IntegrationBus, IntegrationConsumer } from '@muster/messaging';
import { AGGREGATES, EVENT_STORE, IDS, INTEGRATION_BUS, RANDOM, SEGMENTS_API } from '@muster/platform';
import { startTestApp, type TestApp } from '@muster/platform/testing';
import { ProfileSet } from '@muster/profile-set';
import { segmentMembersEvents, segmentsTranslation, type SegmentMembersEvent } from '@muster/segments-events';
import { Inject, Module, type OnModuleInit, type Provider } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { AudiencesModule } from '../audiences.module';
import { IntakeConsumer } from '../intake/intake.consumer';

/** Hears everything, in order, as another service would. */
class Recorder implements IntegrationConsumer {
  readonly name = 'audiences.recorder';
  readonly subscriptions = [
    { context: 'campaigns', feed: 'lifecycle' },
    { context: 'segments', feed: 'sets' },
    { context: 'audiences', feed: 'sets' },
    { context: 'audiences', feed: 'lifecycle' },
  ] as const;
  readonly handles = HEARD;
  readonly heard: OutgoingEvent[] = [];

  handle(delivery: OutgoingEvent): Promise<void> {
    this.heard.push(delivery);
    return Promise.resolve();
  }
}

const HEARD = [
  ...['ProfilesEnteredCampaign', 'ProfilesLeftCampaign', 'ProfilesChangedGroup'],
  ...['AudienceBuilt', 'AudienceBuildFailed', 'AudienceExcluded'],
]
  .map((name) => `muster.audiences.${name}.v1`)
  .concat(
    ['CampaignActivated', 'CampaignDeactivated'].map((name) => `muster.campaigns.${name}.v1`),
    ['ProfilesEnteredSegment', 'ProfilesLeftSegment', 'SegmentMembershipChanged'].map(
      (name) => `muster.segments.${name}.v1`,
    ),
  );

@Module({ providers: [Recorder] })
class OtherServices implements OnModuleInit {
  constructor(
    @Inject(INTEGRATION_BUS) private readonly bus: IntegrationBus,
    private readonly recorder: Recorder,
  ) {}

  onModuleInit(): void {
    this.bus.addTranslation(campaignsTranslation);
    this.bus.addTranslation(segmentsTranslation);
    this.bus.addConsumer(this.recorder);
  }
}

/** Segments in memory: members by revision, and strata by arithmetic. */
export class FakeSegments implements Pick<SegmentsApi, 'prepareMembership' | 'membership' | 'strata'> {
  private readonly history = new Map<string, { revision: number; members: ProfileSet }[]>();
  /** Thrown by the next calls. */
  failure: DomainError | null = null;
  strataOf: (profile: number) => number = (profile) => profile % 3;

  prepareMembership(): Promise<void> {
    return this.failure ? Promise.reject(this.failure) : Promise.resolve();
  }

  record(segmentId: string, revision: number, change: (members: ProfileSet) => ProfileSet): void {
    const known = this.history.get(segmentId) ?? [];
    known.push({ revision, members: change(known.at(-1)?.members ?? ProfileSet.empty()) });
    this.history.set(segmentId, known);
  }

  /** Earlier revisions cannot be read any more. */
  forget(segmentId: string): void {
    this.history.set(segmentId, (this.history.get(segmentId) ?? []).slice(-1));
  }

  membership({
    segmentId,
    atRevision,
    after = -1,
    limit,
    stratificationHash,
  }: MembershipRequest): Promise<MembershipPage> {
    const known = this.history.get(segmentId) ?? [];
    const at = atRevision === undefined ? known.at(-1) : known.find(({ revision }) => revision === atRevision);
    if (!at && atRevision !== undefined) {
      return Promise.reject(new DomainError('SEGMENT_REVISION_GONE', { detail: 'too old' }));
    }
    const members = at?.members ?? ProfileSet.empty();
    const numbers = members.blocks().filter((block) => block > after);
    const blocks = numbers.slice(0, limit).map((block) => ({
      block,
      members: members.block(block).encode(),
      ...(stratificationHash !== undefined && {
        codes: Uint16Array.from(members.block(block).toArray(), (profile) => this.strataOf(profile)),
      }),
    }));
    const nextAfter = numbers.length > limit ? (numbers[limit - 1] ?? null) : null;
    return Promise.resolve({ revision: at?.revision ?? -1, blocks, nextAfter });
  }

  strata(_databaseId: string, _hash: string, profiles: Uint32Array): Promise<Uint16Array> {
    return Promise.resolve(Uint16Array.from(profiles, (profile) => this.strataOf(profile)));
  }
}

export interface AudiencesAppOptions {
  readonly segments: FakeSegments;
  readonly databaseUrl?: string;
  /** Appends to audiences before the store is away for good: the process dies there. */
  readonly appends?: number;
  /** Where random ones would come from: given for runs that are compared. */
  readonly runId?: string;
}

export interface AudiencesApp {
  readonly test: TestApp;
  /** What the audiences told others, in order. */
  readonly told: readonly OutgoingEvent[];
  /** Everything that was delivered is delivered again. */
  deliverAgain(): Promise<void>;
  /** Waits until nobody has anything to do. */
  settle(): Promise<void>;
  append(stream: string, events: readonly { type: string; data: unknown }[], mark?: Mark): Promise<number>;
  close(): Promise<void>;
}

const SEED = Uint8Array.from({ length: 16 }, (_, i) => i);

export async function startAudiences(options: AudiencesAppOptions): Promise<AudiencesApp> {
  const random: RandomSource = { bytes: (count) => SEED.slice(0, count) };
  const ids: IdGenerator = { next: () => options.runId ?? randomUUID() };
  const providers: Provider[] = [
    { provide: SEGMENTS_API, useValue: options.segments },
    { provide: RANDOM, useValue: random },
    { provide: IDS, useValue: ids },
    {
      provide: AGGREGATES,
      inject: [EVENT_STORE],
      useFactory: (store: EventStore): Aggregates =>
        new EventSourcedAggregates(
          dying(store, options.appends ?? Infinity),
          { next: randomUUID },
          new MemorySnapshots(),
          {
            appendRetries: 0,
          },
        ),
    },
  ];
  const { databaseUrl } = options;
  const test = await startTestApp(
    [{ module: AudiencesModule, providers }, OtherServices],
    databaseUrl === undefined ? {} : { databaseUrl },
  );
  const recorder = test.app.get(Recorder, { strict: false });
  const intake = test.app.get(IntakeConsumer, { strict: false });
  return {
    test,
    get told() {
      return recorder.heard.filter(({ context }) => context === 'audiences');
    },
    async deliverAgain() {
      for (const delivery of recorder.heard) await intake.handle(delivery);
      await test.settle();
    },
    settle: () => test.settle(),
    append: (stream, events, mark) => append(test.store, stream, events, mark),
    close: () => test.close(),
  };
}

/** The store of a process that dies: after so many appends nothing gets through any more. */
function dying(store: EventStore, appends: number): EventStore {
  let left = appends;
  return new Proxy(store, {
    get(target, property) {
      if (property !== 'append') {
        const member: unknown = Reflect.get(target, property, target);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      }
      return (...args: Parameters<EventStore['append']>) =>
        left-- > 0 ? target.append(...args) : Promise.reject(new StoreUnavailable('the process has died'));
    },
  });
}

async function append(
  store: EventStore,
  stream: string,
  events: readonly { type: string; data: unknown }[],
  mark?: Mark,
): Promise<number> {
  const time = '2026-04-01T12:00:00.000Z';
  const metadata = { v: 1, time, actor: SYSTEM, correlationId: randomUUID(), ...(mark && { mark }) };
  const { revision } = await store.append(
    stream,
    'any',
    events.map((event) => ({ id: randomUUID(), ...event, metadata })),
  );
  return revision;
}

/** A campaign and its segment, as the other services would write them. */
export class Scene {
  lcg: LcgSettings | null = { basisPoints: 2500, count: null };
  stratification: StratificationReference | null = {
    hash: 'ab'.repeat(32),
    strata: ['0000000000000001', '0000000000000002', '0000000000000003'],
  };

  constructor(
    private readonly app: AudiencesApp,
    private readonly segments: FakeSegments,
    readonly campaignId: string = randomUUID(),
    readonly databaseId: string = randomUUID(),
    readonly segmentId: string = randomUUID(),
  ) {}

  /** The same campaign in another process. */
  in(app: AudiencesApp): Scene {
    const scene = new Scene(app, this.segments, this.campaignId, this.databaseId, this.segmentId);
    scene.lcg = this.lcg;
    scene.stratification = this.stratification;
    return scene;
  }

  /** Answers the revision of the segment's members that this leads to. */
  async fill(entered: readonly number[], left: readonly number[] = []): Promise<number> {
    const changeId = randomUUID();
    const [added, removed] = [ProfileSet.of(entered), ProfileSet.of(left)];
    const change = { segmentId: this.segmentId, databaseId: this.databaseId, changeId, cause: 'api' as const };
    const chunks = (type: 'ProfilesEnteredSegment' | 'ProfilesLeftSegment', set: ProfileSet): SegmentMembersEvent[] =>
      [...set.byBlock()].map(([block, profiles]) => ({
        type,
        data: { ...change, block, profiles: profiles.encodeBase64(), count: profiles.size },
      }));
    const blocks = [...new Set([...added.blocks(), ...removed.blocks()])];
    const closing: SegmentMembersEvent = {
      type: 'SegmentMembersChanged',
      data: { ...change, blocks, added: added.size, removed: removed.size, count: 0 },
    };
    const events = [...chunks('ProfilesEnteredSegment', added), ...chunks('ProfilesLeftSegment', removed), closing];
    const revision = await this.app.append(segmentMembersEvents.stream(this.segmentId), events);
    this.segments.record(this.segmentId, revision, (members) => members.difference(removed).union(added));
    return revision;
  }

  async activate(): Promise<string> {
    const buildId = randomUUID();
    const { campaignId, databaseId, segmentId, lcg, stratification } = this;
    await this.tell({
      type: 'CampaignActivated',
      data: { campaignId, buildId, databaseId, segmentId, lcg, stratification },
    });
    return buildId;
  }

  async tell(event: CampaignEvent): Promise<void> {
    await this.app.append(campaignEvents.stream(this.campaignId), [event]);
  }

  async events(): Promise<AudienceEvent[]> {
    const events: AudienceEvent[] = [];
    for await (const stored of this.app.test.store.readStream(audienceEvents.stream(this.campaignId))) {
      if (stored.type !== NOTED) events.push(audienceEvents.read(stored));
    }
    return events;
  }

  async get<T = Record<string, unknown>>(path = ''): Promise<T> {
    const response = await this.app.test.request('GET', `/api/v1/audiences/${this.campaignId}${path}`);
    if (response.status !== 200) throw new Error(`${String(response.status)} ${response.text}`);
    return response.json<T>();
  }

  /** Who is in which group according to what was told to the outside. */
  groupsAsTold(): Map<number, 'test' | 'control'> {
    const groups = new Map<number, 'test' | 'control'>();
    for (const { event } of this.app.told) {
      const data = event.data as { campaignId: string; profiles?: string; control?: string };
      if (data.campaignId !== this.campaignId || data.profiles === undefined) continue;
      const control = data.control === undefined ? ProfileSet.empty() : ProfileSet.decodeBase64(data.control);
      for (const profile of ProfileSet.decodeBase64(data.profiles)) {
        if (event.type.includes('Left')) groups.delete(profile);
        else groups.set(profile, control.has(profile) ? 'control' : 'test');
      }
    }
    return new Map([...groups].sort(([a], [b]) => a - b));
  }
}
