export { copyBinaryRow, copyBinaryRows, type ColumnArray, type ColumnArrays, type FixedColumn } from './copy-binary';
export { copyIn } from './copy-in';
export { asError, OwnedWork, pause, type Lease, type Leases, type OwnedWorkOptions } from './owned-work';
export { createPool, withTransaction, type PoolOptions, type Queryable } from './pool';
export { withSessionLock } from './session-lock';
export { errorCode, isPassing, isUnavailable } from './unavailable';
