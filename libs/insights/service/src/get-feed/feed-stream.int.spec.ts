import { startTestApp, type TestApp } from '@muster/platform/testing';
import { randomUUID } from 'node:crypto';
import { InsightsModule } from '../insights.module';
import { tell } from '../testing/audience-story';
import { openStream, type SentEvent, type Stream } from '../testing/event-stream-client';
import { SegmentStory } from '../testing/segment-story';

jest.setTimeout(60_000);

const databaseId = randomUUID();
let muster: TestApp;
let first: SegmentStory;
const open = new Set<Stream>();

beforeAll(async () => {
  muster = await startTestApp([InsightsModule], { logLevel: 'warn' });
  first = await segment();
  await tell(muster.store, first.membersStream, first.changed([1, 70_000], []));
});
afterEach(() => {
  for (const stream of open) stream.close();
});
afterAll(() => muster.close());

async function segment(): Promise<SegmentStory> {
  const story = new SegmentStory(databaseId);
  await tell(muster.store, story.stream, [story.created()]);
  return story;
}

async function streamed(query = '', lastEventId?: string): Promise<Stream> {
  const headers = { authorization: `Bearer ${muster.adminKey}`, ...(lastEventId && { 'last-event-id': lastEventId }) };
  const stream = await openStream(`${await muster.url()}/api/v1/feed?${query}`, headers);
  open.add(stream);
  return stream;
}

const idOf = ({ data }: SentEvent): unknown => (JSON.parse(data) as { id: unknown }).id;

describe('as server-sent events', () => {
  it('the feed tells what there is, says that this is all, and goes on with what comes', async () => {
    const stream = await streamed('contexts=segments');
    const told = await stream.take(5);
    expect(told.slice(0, 4).map(idOf)).toEqual([
      `${first.stream}/0/0`,
      ...[0, 1, 2].map((revision) => `${first.membersStream}/${String(revision)}/0`),
    ]);
    expect(told[4]).toMatchObject({ event: 'caught-up' });
    const second = await segment();
    expect((await stream.take(1)).map(idOf)).toEqual([`${second.stream}/0/0`]);
    expect(stream.headers['content-type']).toContain('text/event-stream');
    expect(stream.headers['cache-control']).toContain('no-cache');
  });

  it('Last-Event-ID goes on behind that event and wins over the address, which a browser sends again', async () => {
    const [one, two, three] = await (await streamed()).take(3);
    const again = await streamed('after=rubbish', one?.id);
    expect((await again.take(2)).map(idOf)).toEqual([two, three].map((event) => event && idOf(event)));
  });

  it('an id is a cursor of the pages too', async () => {
    const [, two] = await (await streamed()).take(2);
    const response = await muster.request('GET', `/api/v1/feed?limit=1&after=${two?.id ?? ''}`);
    expect(response.json<{ items: { id: string }[] }>().items[0]?.id).toBe(`${first.membersStream}/1/0`);
  });

  it('a cursor of another store is refused before the stream begins', async () => {
    const place = { store: randomUUID(), position: '0000000000000000001' };
    const after = Buffer.from(JSON.stringify(place)).toString('base64url');
    const headers = { accept: 'text/event-stream', authorization: `Bearer ${muster.adminKey}` };
    const response = await fetch(`${await muster.url()}/api/v1/feed?after=${after}`, { headers });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      410,
      'application/problem+json; charset=utf-8',
    ]);
    expect(await response.json()).toMatchObject({ code: 'CURSOR_GONE' });
  });
});

it('streams and long polls end when the process stops, and with all that was told', async () => {
  const other = await startTestApp([InsightsModule], { databaseUrl: muster.databaseUrl });
  const headers = { authorization: `Bearer ${other.adminKey}` };
  const stream = await openStream(`${await other.url()}/api/v1/feed`, headers);
  const [last] = (await stream.until(({ event }) => event === 'caught-up')).slice(-1);
  const poll = fetch(`${await other.url()}/api/v1/feed?waitSeconds=30&after=${last?.id ?? ''}`, { headers });
  // Once another request is answered, the one before it is being worked at.
  await other.request('GET', '/api/v1/feed?limit=1');
  await other.close();
  expect((await poll).status).toBe(200);
  expect(await (await poll).json()).toMatchObject({ items: [] });
  await stream.ended;
});
