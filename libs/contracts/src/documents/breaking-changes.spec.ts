import { CONTRACTS } from '../declared/registry';
import { breakingChanges, releaseOf, type ReleasedContract } from './breaking-changes';
import type { JsonSchema } from './json-schema';

const declared = CONTRACTS.find(({ name }) => name === 'CampaignActivated')!;
const released = releaseOf(declared);
const { type } = released;

/** The release as if it had been another one: what is declared is then a change of it. */
function releasedWith(change: (data: Editable, envelope: Editable) => void): ReleasedContract {
  const copy = JSON.parse(JSON.stringify(released)) as { schema: Editable } & ReleasedContract;
  change(copy.schema.properties['data']!, copy.schema);
  return copy;
}

interface Editable {
  [keyword: string]: unknown;
  properties: Record<string, Editable>;
  required: string[];
  anyOf: Editable[];
  items: Editable;
  enum: string[];
}

const property = (schema: object): Editable => schema as Editable;

it('every declaration keeps its own release', () => {
  for (const each of CONTRACTS) expect(breakingChanges(releaseOf(each), each)).toEqual([]);
});

it('another optional field is no break, nor are other words for people', () => {
  const before = releasedWith((data, envelope) => {
    delete envelope.properties['causationid'];
    envelope['description'] = 'other words';
    property(data.properties['lcg']!.anyOf[0]!)['description'] = 'other words';
  });
  expect(breakingChanges(before, declared)).toEqual([]);
});

const BREAKS: [string, (data: Editable, envelope: Editable) => void, string[]][] = [
  [
    'a field that was removed',
    (data) => {
      data.properties['priority'] = property({ type: 'integer' });
    },
    ['/data/priority: the field was removed or renamed'],
  ],
  [
    'a field that was renamed',
    (data) => {
      data.properties['segment'] = data.properties['segmentId']!;
      delete data.properties['segmentId'];
      data.required = data.required.map((name) => (name === 'segmentId' ? 'segment' : name));
    },
    [
      '/data/segment: the field was removed or renamed',
      '/data/segment: it is no longer required',
      '/data/segmentId: it is required now, and events that were sent before are without it',
    ],
  ],
  [
    'a new field that is required',
    (data) => {
      delete data.properties['buildId'];
      data.required = data.required.filter((name) => name !== 'buildId');
    },
    ['/data/buildId: it is required now, and events that were sent before are without it'],
  ],
  [
    'a field that is no longer promised',
    (_, envelope) => {
      envelope.required.push('causationid');
    },
    ['/causationid: it is no longer required'],
  ],
  [
    'another type, range, format or pattern',
    (data, envelope) => {
      data.properties['buildId']!['format'] = 'uri';
      envelope.properties['position']!['type'] = 'integer';
      data.properties['lcg']!.anyOf[0]!.properties['basisPoints']!.anyOf[0]!['maximum'] = 100;
      data.properties['stratification']!.anyOf[0]!.properties['strata']!.items['pattern'] = '^[0-9]$';
    },
    [
      '/position type was "integer" and is "string"',
      '/data/lcg/basisPoints maximum was 100 and is 10000',
      '/data/stratification/strata pattern was "^[0-9]$" and is "^[0-9a-f]{16}$"',
      '/data/buildId format was "uri" and is "uuid"',
    ],
  ],
  [
    'null where there was none',
    (data) => {
      data.properties['lcg'] = data.properties['lcg']!.anyOf[0]!;
    },
    ['/data/lcg alternatives was not set and is [{'],
  ],
];

it.each(BREAKS)('refuses %s', (_, change, says) => {
  const found = breakingChanges(releasedWith(change), declared);
  for (const text of says) {
    expect(found.filter((line) => line.startsWith(`${type} ${text}`))).toHaveLength(1);
  }
});

it('refuses a word more or less in a closed list', () => {
  const status = CONTRACTS.find(({ name }) => name === 'CampaignStatusChanged')!;
  const before = JSON.parse(JSON.stringify(releaseOf(status))) as { schema: JsonSchema } & ReleasedContract;
  const words = before.schema.properties!['data']!.properties!['status']!.enum as string[];
  words.splice(words.indexOf('waiting'), 1, 'paused');
  expect(breakingChanges(before, status)).toEqual([
    'muster.campaigns.CampaignStatusChanged.v1 /data/status: "paused" was removed',
    'muster.campaigns.CampaignStatusChanged.v1 /data/status: "waiting" was added, which readers of the release refuse',
  ]);
});

it('refuses another key, another topic, and a type that is gone', () => {
  expect(breakingChanges({ ...released, key: ['databaseId'] }, declared)).toEqual([
    `${type} key was ["databaseId"] and is ["campaignId"]`,
  ]);
  expect(breakingChanges({ ...released, topic: 'campaigns.sets.v1' }, declared)).toEqual([
    `${type} topic was "campaigns.sets.v1" and is "campaigns.lifecycle.v1"`,
  ]);
  expect(breakingChanges(released, undefined)).toEqual([`${type}: it is no longer declared`]);
});
