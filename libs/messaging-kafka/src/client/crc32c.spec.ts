import fc from 'fast-check';
import theirs from 'kafkajs/src/protocol/recordBatch/crc32C/crc32C';
import { crc32c } from './crc32c';

it('gives the check value of RFC 3720', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});

it('gives what the bytewise algorithm gives', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(crc32c(bytes)).toBe(theirs(bytes));
    }),
    { numRuns: 500 },
  );
});
