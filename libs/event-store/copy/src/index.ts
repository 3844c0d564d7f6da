export {
  CopyFailed,
  copyLog,
  hashOf,
  type CopyCheckpoint,
  type CopyCheckpoints,
  type CopyOptions,
  type CopyResult,
} from './copy-log';
