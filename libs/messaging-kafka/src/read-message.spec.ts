import { outgoingEvent } from '@muster/contracts';
import { readMessage, UnreadableMessage } from './read-message';

const stored = {
  stream: 'campaign-42/a',
  revision: 7,
  id: 'e',
  position: 'p',
  metadata: { time: '2026-01-01T00:00:00.000Z', correlationId: 'c' },
};
const told = outgoingEvent(stored, {
  context: 'campaigns',
  feed: 'lifecycle',
  name: 'CampaignActivated',
  version: 1,
  n: 3,
  subject: '42',
  data: { campaignId: '42' },
});
const TOPIC = 'campaigns.lifecycle.v1';
const HANDLES = ['muster.campaigns.CampaignActivated.v1'];

const read = (event: unknown, { topic = TOPIC, key = '42', check = (): string | undefined => undefined } = {}) =>
  readMessage(topic, { key: Buffer.from(key), value: Buffer.from(JSON.stringify(event)) }, HANDLES, check);

it('gives back what the translation made', () => {
  expect(read(told.event)).toEqual(told);
});

it('ignores attributes that it does not know', () => {
  expect(read({ ...told.event, dataschema: 'urn:x' })?.key).toBe('42');
});

it('passes over types that the consumer does not take, and versions older than it takes', () => {
  expect(read({ ...told.event, type: 'muster.campaigns.CampaignRenamed.v1' })).toBeUndefined();
  expect(read({ ...told.event, type: 'muster.campaigns.CampaignActivated.v0' })).toBeUndefined();
});

it('refuses a newer version of a type that the consumer takes', () => {
  expect(() => read({ ...told.event, type: 'muster.campaigns.CampaignActivated.v2' })).toThrow('newer than version 1');
});

it.each([
  ['an id of another form', { id: 'campaign-42' }],
  ['another specversion', { specversion: '0.3' }],
  ['no time', { time: undefined }],
  ['a type that is no text', { type: 5 }],
  ['no data', { data: null }],
  ['the source of another context', { source: '/muster/segments' }],
])('refuses %s', (_, change) => {
  expect(() => read({ ...told.event, ...change })).toThrow(UnreadableMessage);
});

it('refuses what is no CloudEvent, no JSON, no UTF-8, or nothing', () => {
  const value = (bytes: Buffer | null) => () =>
    readMessage(TOPIC, { key: Buffer.from('42'), value: bytes }, HANDLES, () => undefined);
  for (const bytes of [null, Buffer.alloc(0), Buffer.from('{'), Buffer.from('null'), Buffer.from([0x22, 0xff, 0x22])]) {
    expect(value(bytes)).toThrow(UnreadableMessage);
  }
});

it('refuses an event without a key, from a topic without a feed, or with data that its check finds wrong', () => {
  expect(() => read(told.event, { key: '' })).toThrow('no key');
  expect(() => read(told.event, { topic: 'campaigns.profiles.v1' })).toThrow('no feed');
  expect(() => read(told.event, { check: () => 'campaignId is missing' })).toThrow('campaignId is missing');
});
