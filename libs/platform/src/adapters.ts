import type { Clock, IdGenerator, RandomSource } from '@muster/kernel';
import { randomBytes, randomUUID } from 'node:crypto';

export const systemClock: Clock = { now: () => new Date() };
export const randomIds: IdGenerator = { next: () => randomUUID() };
export const secureRandom: RandomSource = { bytes: (count) => new Uint8Array(randomBytes(count)) };
