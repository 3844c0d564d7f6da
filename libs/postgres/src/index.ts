export { copyBinaryRows, type ColumnArray, type ColumnArrays, type FixedColumn } from './copy-binary';
export { copyIn } from './copy-in';
export { createPool, withTransaction, type PoolOptions, type Queryable } from './pool';
export { errorCode, isUnavailable } from './unavailable';
