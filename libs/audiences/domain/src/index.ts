export * from './append-budget';
export * from './audience';
export { audience, audienceSnapshot } from './audience.decider';
export { verifyAudience, type VerifiedBatch } from './verify-audience';
export { hasControlToRelease, needsLabels } from './build-audience';
