export * from './activity.events';
export * from './campaign.events';
export * from './translation';
