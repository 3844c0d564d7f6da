export * from './append-budget';
export * from './audience';
export { audience, type AudienceAggregate } from './audience.aggregate';
export { hasControlToRelease, needsLabels, pickCodes } from './build-audience';
export { releasesControl, sameSettings } from './group-settings';
export { labelArrivals, labelFirst, strataHashes, type Batch, type BatchBlock, type LabelledBlock } from './labelling';
