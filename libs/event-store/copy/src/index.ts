export {
  CopyFailed,
  copyLog,
  hashOf,
  type CopyCheckpoint,
  type CopyCheckpoints,
  type CopyOptions,
  type CopyResult,
} from './copy-log';
export { LogHash } from './log-hash';
export { placeInCopy } from './place-in-copy';
