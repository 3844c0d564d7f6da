import fc from 'fast-check';
import { CompressionTypes } from 'kafkajs';
import Produce from 'kafkajs/src/protocol/requests/produce';
import { registerCodecs } from './compression';
import { sendWrittenBatches } from './produce-request';
import { RecordBatch } from './record-batch';

const VERSION = 7;
const stock = Produce.protocol({ version: VERSION });
registerCodecs();
sendWrittenBatches();
const own = Produce.protocol({ version: VERSION });

/** What kafkajs asks for; a batch is one message to it. */
const asked = (messages: object[], firstSequence: number, compression: CompressionTypes): Produce.Parameters => ({
  acks: -1,
  timeout: 30_000,
  transactionalId: 'muster.t',
  producerId: '4294967299',
  producerEpoch: 7,
  compression,
  topicData: [
    { topic: 'campaigns.sets.v1', partitions: [{ partition: 11, firstSequence, messages: messages as never }] },
  ],
});

const bytesOf = async (protocol: Produce.Protocol, parameters: Produce.Parameters): Promise<Buffer> =>
  (await protocol(parameters).request.encode()).buffer;

beforeEach(() => jest.useFakeTimers({ now: 1_767_225_600_000, doNotFake: ['nextTick', 'setImmediate'] }));
afterEach(() => jest.useRealTimers());

describe('a batch that is written already', () => {
  const text = fc.string({ maxLength: 2_000, unit: 'grapheme' });
  const record = fc.record({ key: fc.uint8Array({ minLength: 1, maxLength: 200 }), value: text });

  it.each([CompressionTypes.None, CompressionTypes.GZIP])(
    'is sent as the bytes that kafkajs makes of its messages (compression %s)',
    async (compression) => {
      await fc.assert(
        fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 200 }), fc.nat(), async (records, sequence) => {
          const batch = new RecordBatch();
          const messages = records.map(({ key, value }, i) => {
            // A value may also come as bytes.
            batch.add(key, i % 2 === 0 ? value : Buffer.from(value));
            return { key: Buffer.from(key), value: Buffer.from(value), partition: 11 };
          });
          const prepared = { batch, firstSequence: sequence, partition: 11, value: null };
          const ours = await bytesOf(own, asked([prepared], 0, compression));
          expect(ours.equals(await bytesOf(stock, asked(messages, sequence, compression)))).toBe(true);
        }),
        { numRuns: 50 },
      );
    },
  );

  it('can be asked for twice, as a repeated request does', async () => {
    const batch = new RecordBatch();
    batch.add(Buffer.from('k'), 'v');
    const parameters = asked([{ batch, firstSequence: 3, value: null }], 0, CompressionTypes.None);
    expect(await bytesOf(own, parameters)).toEqual(await bytesOf(own, parameters));
  });

  it('is refused where it would go out with something else, which kafkajs may split or merge', () => {
    const batch = new RecordBatch();
    batch.add(Buffer.from('k'), 'v');
    const prepared = { batch, firstSequence: 0, value: null };
    expect(() => own(asked([prepared, prepared], 0, CompressionTypes.None))).toThrow(
      'campaigns.sets.v1: a written batch is sent with something else',
    );
  });
});

it('leaves messages of other producers to kafkajs', async () => {
  const messages = [{ key: Buffer.from('k'), value: Buffer.from('v'), headers: { h: 'x' }, partition: 11 }];
  const parameters = asked(messages, 5, CompressionTypes.None);
  expect(await bytesOf(own, parameters)).toEqual(await bytesOf(stock, parameters));
});
