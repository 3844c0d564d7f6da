import { audienceEvents } from '@muster/audiences-events';
import { aNewEvent } from '@muster/event-store-testing';
import { SEGMENTS_API } from '@muster/platform';
import type { TestApp, TestResponse } from '@muster/platform/testing';
import { DATABASE_ID, SEGMENT_ID, startCampaigns, type KnownSegment } from '../testing/campaigns-app';

let muster: TestApp;
beforeAll(async () => {
  muster = await startCampaigns();
});
afterAll(() => muster.close());

const call = (method: string, path: string, body?: object, headers = {}): Promise<TestResponse> =>
  muster.request(method, `/api/v1${path}`, body, headers);
const code = (response: TestResponse): unknown => response.json()['code'];

interface Campaign {
  readonly status: string;
  readonly build: { readonly buildId: string; readonly failure: string | null } | null;
}

async function createCampaign(over: object = {}): Promise<string> {
  const body = { name: 'Spring', databaseId: DATABASE_ID, segmentId: SEGMENT_ID, lcg: { percent: 15 }, ...over };
  const created = await call('POST', '/campaigns', body);
  expect([created.status, created.text]).toEqual([201, expect.any(String)]);
  return created.json<{ campaignId: string }>().campaignId;
}

const addActivity = (campaignId: string): Promise<TestResponse> =>
  call('POST', `/campaigns/${campaignId}/activities`, { kind: 'broadcast', name: 'Mail' });
const read = async (campaignId: string): Promise<Campaign> =>
  (await call('GET', `/campaigns/${campaignId}`)).json<Campaign>();

/** What the audiences service would store. */
async function audience(campaignId: string, type: string, data: object): Promise<void> {
  const event = aNewEvent({ type, data: { campaignId, ...data } });
  await muster.store.append(audienceEvents.stream(campaignId), 'any', [event]);
  await muster.settle();
}

async function activate(campaignId: string): Promise<string> {
  const accepted = await call('POST', `/campaigns/${campaignId}/activation`);
  const { buildId } = accepted.json<{ buildId: string }>();
  expect([accepted.status, accepted.headers['location']]).toEqual([
    202,
    `/api/v1/audiences/${campaignId}/builds/${buildId}`,
  ]);
  return buildId;
}

const built = (campaignId: string, buildId: string): Promise<void> =>
  audience(campaignId, 'AudienceBuilt', {
    databaseId: DATABASE_ID,
    buildId,
    runId: 'r',
    epoch: 1,
    blocks: [],
    entered: 100,
    left: 0,
    members: 100,
    control: 15,
    strata: [],
  });

describe('a campaign', () => {
  it('goes its way: created, activated, built, active, completed', async () => {
    const campaignId = await createCampaign();
    await addActivity(campaignId);
    const buildId = await activate(campaignId);
    expect((await read(campaignId)).status).toBe('audience_building');
    await built(campaignId, buildId);
    expect((await read(campaignId)).status).toBe('active');
    expect((await call('POST', `/campaigns/${campaignId}/completion`)).status).toBe(202);
    expect((await read(campaignId)).status).toBe('audience_exclusion');
    await audience(campaignId, 'AudienceExcluded', { databaseId: DATABASE_ID, left: 100 });
    expect((await read(campaignId)).status).toBe('completed');
    const list = await call('GET', `/campaigns?status=completed`);
    expect(list.json<{ items: object[] }>().items).toMatchObject([{ campaignId, members: 100, control: 15 }]);
  });

  it('shows why a build failed, and can cancel it', async () => {
    const campaignId = await createCampaign();
    await addActivity(campaignId);
    const buildId = await activate(campaignId);
    await audience(campaignId, 'AudienceBuildFailed', { buildId, reason: 'segments is away' });
    expect(await read(campaignId)).toMatchObject({
      status: 'audience_building',
      build: { buildId, failure: 'segments is away' },
    });
    expect((await call('DELETE', `/campaigns/${campaignId}/build`)).status).toBe(200);
    await built(campaignId, buildId);
    expect((await read(campaignId)).status).toBe('inactive');
  });

  it('is refused what its status does not allow, with what it does allow', async () => {
    const campaignId = await createCampaign();
    const early = await call('POST', `/campaigns/${campaignId}/activation`);
    expect([early.status, code(early)]).toEqual([409, 'CAMPAIGN_HAS_NO_ACTIVITY']);
    const refused = await call('POST', `/campaigns/${campaignId}/deactivation`);
    expect([refused.status, refused.json()]).toEqual([
      409,
      expect.objectContaining({
        code: 'CAMPAIGN_STATUS_CONFLICT',
        campaignStatus: 'inactive',
        allowed: expect.any(Array),
      }),
    ]);
  });

  it('is created once for an idempotency key', async () => {
    const body = { name: 'Once', databaseId: DATABASE_ID, segmentId: SEGMENT_ID };
    const [first, again] = [
      await call('POST', '/campaigns', body, { 'idempotency-key': 'k' }),
      await call('POST', '/campaigns', body, { 'idempotency-key': 'k' }),
    ];
    expect([again.status, again.json()]).toEqual([201, first.json()]);
    const other = await call('POST', '/campaigns', { ...body, name: 'Other' }, { 'idempotency-key': 'k' });
    expect([other.status, code(other)]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it('registers the uses of segment and fields before it is created', async () => {
    const { calls } = muster.app.get<KnownSegment>(SEGMENTS_API);
    calls.length = 0;
    const fields = [{ field: 'age', buckets: [{ to: 30 }, { from: 30 }] }];
    const campaignId = await createCampaign({ stratification: { fields } });
    expect(calls).toEqual(['registerStratification', 'registerSegmentUse']);
    const campaign = await call('GET', `/campaigns/${campaignId}`);
    expect(campaign.json<{ strata: object[] }>().strata).toHaveLength(2);
    await call('DELETE', `/campaigns/${campaignId}/stratification`);
    expect((await call('GET', `/campaigns/${campaignId}`)).json()['strata']).toBeNull();
  });

  it('refuses settings that are not valid, with the places', async () => {
    const body = { name: 'x', databaseId: DATABASE_ID, segmentId: SEGMENT_ID };
    const percent = await call('POST', '/campaigns', { ...body, lcg: { percent: 12.345 } });
    expect(percent.json<{ errors: object[] }>().errors).toMatchObject([{ path: '/lcg/percent' }]);
    const nothing = await call('POST', '/campaigns', { ...body, lcg: {} });
    expect([nothing.status, code(nothing)]).toEqual([422, 'LCG_INVALID']);
    const both = [{ field: 'age', buckets: [{ values: [1], from: 2 }] }];
    const buckets = await call('POST', '/campaigns', { ...body, stratification: { fields: both } });
    expect(buckets.json<{ errors: object[] }>().errors).toMatchObject([{ path: '/stratification/fields/0/buckets/0' }]);
    const elsewhere = await call('POST', '/campaigns', { ...body, databaseId: SEGMENT_ID });
    expect(code(elsewhere)).toBe('CAMPAIGN_INVALID');
  });
});

describe('an activity', () => {
  it('belongs to one campaign', async () => {
    const [first, second] = [await createCampaign(), await createCampaign()];
    const { activityId } = (await addActivity(first)).json<{ activityId: string }>();
    const refused = await call('PUT', `/campaigns/${second}/activities/${activityId}`);
    expect([refused.status, refused.json()['rule']]).toEqual([409, 'one-campaign']);
    expect((await call('DELETE', `/campaigns/${first}/activities/${activityId}`)).status).toBe(200);
    expect((await call('PUT', `/campaigns/${second}/activities/${activityId}`)).status).toBe(200);
    await muster.settle();
    const list = await call('GET', `/activities?campaignId=${second}`);
    expect(list.json<{ items: object[] }>().items).toMatchObject([{ activityId, campaignId: second }]);
  });

  it('can be of six kinds', async () => {
    for (const kind of ['broadcast', 'regular', 'triggered', 'ab_test', 'scenario', 'placement']) {
      const body = { kind, name: kind, databaseId: DATABASE_ID };
      expect((await call('POST', '/activities', body)).status).toBe(201);
    }
    const other = await call('POST', '/activities', { kind: 'other', name: 'x', databaseId: DATABASE_ID });
    expect([other.status, code(other)]).toEqual([422, 'VALIDATION_FAILED']);
  });
});
