export { decodeCodes, encodeCodes } from './codes';
export { diffSorted, type SortedDifference } from './diff-sorted';
export { ProfileSetEncodingError } from './portable-format';
export { BLOCK_SIZE, HIGHEST_PROFILE_NUMBER, ProfileSet, blockOf } from './profile-set';
