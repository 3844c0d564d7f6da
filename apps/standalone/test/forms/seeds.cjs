/**
 * The same seeds in every process: loaded before a service (`node --require`), or in the process of the spec. Whatever
 * form Muster has, the same input gives the same audience then. Only draws of 16 bytes are seeds; keys are longer.
 */
const crypto = require('node:crypto');
const { randomBytes } = crypto;
const SEED_BYTES = 16;

crypto.randomBytes = (size, ...rest) =>
  size === SEED_BYTES && rest.length === 0 ? Buffer.alloc(SEED_BYTES, 0x5e) : randomBytes(size, ...rest);
