import { outgoingEvent } from './envelope';

const metadata = { time: '2026-01-01T00:00:00.000Z', correlationId: 'c' };
const stored = { stream: 'campaign-1', revision: 0, id: 'e', position: 'p', metadata };
const options = {
  context: 'campaigns',
  feed: 'lifecycle',
  name: 'CampaignActivated',
  version: 1,
  n: 0,
  subject: '1',
  data: {},
} as const;

it('an envelope goes on with the trace of its stored event, and has no such attribute where that was not traced', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const traced = outgoingEvent({ ...stored, metadata: { ...metadata, traceparent } }, options);
  expect(traced.event.traceparent).toBe(traceparent);
  expect(outgoingEvent(stored, options).event).not.toHaveProperty('traceparent');
});
